"""What is said once everything runs: addresses, a key, how to sign in. Imported by `app`."""

from data.commands.access import CONSOLE
from data.services.live import utc_now
from data.settings import Settings
from data.store.history import connect as connect_sql
from data.store.keys import KeyStore
from data.wiring import DEMO_SITE, DEMO_SOURCE, People, address, secret_of


def greet(settings: Settings, env: dict[str, str]) -> None:
    """Say where everything is, once it is up."""
    from data.simulate.plant import LINES

    at = address(settings)
    lines = ["", f"Milepost   {at}", f"Health     {at}/readyz"]
    if settings.demo:
        lines[2:2] = [f"Wall       {at}/wall/{DEMO_SITE}.{line.id}" for line in LINES]
        lines.append(f"API key    {_demo_key(settings, env)}  (site {DEMO_SITE}, {DEMO_SOURCE})")
    lines += [
        *_sign_in_lines(settings, env, at),
        "Stop       Ctrl-C",
        "",
    ]
    print("\n".join(lines), flush=True)


def _sign_in_lines(settings: Settings, env: dict[str, str], at: str) -> list[str]:
    """Say how to sign in: with the demo's accounts, or by making the first one."""
    from data.services.demo_accounts import demo_accounts

    sql = connect_sql(env["DATABASE_URL"])
    people = People(sql, secret_of(settings))
    try:
        if settings.demo:
            found = demo_accounts(people.identity, people.store, settings.var, DEMO_SITE)
            return [f"Sign-in    {at}/sign-in"] + [
                f"           {one.login:<10} {password}  {one.role}" for one, password in found
            ]
        if people.store.all():
            return [f"Sign-in    {at}/sign-in"]
        return ["Sign-in    python app.py account add LOGIN --role administrator"]
    finally:
        sql.dispose()


def _demo_key(settings: Settings, env: dict[str, str]) -> str:
    """Return the demo's API key, made at the first start and kept in a file only we can read."""
    from data.services.keys import Keys, noting

    file = settings.var / "demo-api-key"
    sql = connect_sql(env["DATABASE_URL"])
    noted = noting(People(sql, secret_of(settings)).audit, CONSOLE)
    keys = Keys(KeyStore(sql), utc_now, noted)
    kept = file.read_text().strip() if file.exists() else ""
    if not kept or keys.verify(kept) is None:
        kept = keys.create(DEMO_SITE, DEMO_SOURCE)
        file.touch(mode=0o600)
        file.write_text(kept + "\n")
    sql.dispose()
    return kept
