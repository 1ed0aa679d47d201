"""People: accounts, sessions, links, screens, what parties may know, the audit trail."""

from alembic import op

revision = "0005"
down_revision = "0004"

_TABLES = """
CREATE TABLE account (
    id text PRIMARY KEY,
    login text NOT NULL UNIQUE,
    name text NOT NULL,
    role text NOT NULL,
    sites text[] NOT NULL,
    party text,
    password text,
    subject text UNIQUE,
    totp_secret text,
    totp_used bigint NOT NULL,
    created_at timestamptz NOT NULL,
    seen_at timestamptz,
    disabled_at timestamptz
);
CREATE TABLE session (
    token_hash bytea PRIMARY KEY,
    account text NOT NULL REFERENCES account (id),
    created_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX session_by_account ON session (account);
CREATE TABLE sign_in_attempt (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login text NOT NULL,
    address text NOT NULL,
    at timestamptz NOT NULL,
    ok boolean NOT NULL
);
CREATE INDEX sign_in_attempt_by_login ON sign_in_attempt (login, at);
CREATE INDEX sign_in_attempt_by_address ON sign_in_attempt (address, at);
CREATE TABLE link (
    token_hash bytea PRIMARY KEY,
    purpose text NOT NULL,
    account text,
    site text,
    party text,
    role text,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    used_at timestamptz,
    uses bigint NOT NULL,
    revoked_at timestamptz
);
CREATE TABLE screen_device (
    id text PRIMARY KEY,
    site text,
    screen text,
    token_hash bytea NOT NULL UNIQUE,
    code_hash bytea,
    asked_at timestamptz NOT NULL,
    enrolled_by text,
    enrolled_at timestamptz,
    seen_at timestamptz NOT NULL,
    version text,
    revoked_at timestamptz
);
CREATE INDEX screen_device_by_code ON screen_device (code_hash) WHERE code_hash IS NOT NULL;
CREATE TABLE disclosure (
    site text NOT NULL,
    role text NOT NULL,
    party text NOT NULL,
    kind text NOT NULL,
    field text NOT NULL,
    treatment text NOT NULL,
    PRIMARY KEY (site, role, party, kind, field)
);
CREATE TABLE need_comment (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site text NOT NULL,
    party text NOT NULL,
    order_id text NOT NULL,
    need_id text NOT NULL,
    at timestamptz NOT NULL,
    author text NOT NULL,
    side text NOT NULL,
    words text NOT NULL
);
CREATE INDEX need_comment_by_need ON need_comment (site, party, order_id, need_id, number);
CREATE TABLE milestone_date (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site text NOT NULL,
    party text NOT NULL,
    order_id text NOT NULL,
    milestone_id text NOT NULL,
    kind text NOT NULL,
    date_at timestamptz,
    at timestamptz NOT NULL,
    author text NOT NULL,
    side text NOT NULL,
    words text NOT NULL
);
CREATE INDEX milestone_date_by_milestone
    ON milestone_date (site, order_id, milestone_id, number);
CREATE TABLE board_visit (
    viewer text NOT NULL,
    site text NOT NULL,
    board text NOT NULL,
    at timestamptz NOT NULL,
    before_at timestamptz,
    PRIMARY KEY (viewer, site, board)
);
CREATE TABLE audit (
    number bigint PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    site text,
    party text,
    address text NOT NULL,
    detail jsonb NOT NULL,
    code bytea NOT NULL
);
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX audit_by_party ON audit (party, at)
"""


def upgrade() -> None:
    """Make the tables."""
    for statement in _TABLES.split(";"):
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    for table in (
        "audit", "board_visit", "milestone_date", "need_comment", "disclosure", "screen_device",
        "link", "sign_in_attempt", "session", "account",
    ):  # fmt: skip
        op.drop_table(table)
