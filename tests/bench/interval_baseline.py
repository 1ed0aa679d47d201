"""The wall as Dash pages usually are: a callback draws it again for each browser each second.

It shows the same view of the same live board, as the same components; only the way out differs.
"""

import gc
import sys

if __name__ == "__main__":
    from gevent import monkey

    monkey.patch_all()

from dash import Dash, Input, Output, dcc, html
from dash.development.base_component import Component

from layouts.cells import fill
from layouts.pages import wall
from layouts.text import translator
from tests.bench.factory import SCREEN
from tests.bench.wiring import serve, wired


def main() -> int:
    gc.set_threshold(50_000, 20, 50)
    settings, _, _, walls = wired()
    app = Dash("baseline", update_title="")
    app.layout = html.Div([dcc.Interval("tick", interval=1000), html.Div(id="page")])

    def draw(_: int) -> Component:
        screen = walls.screen(SCREEN, "en")
        shown = walls.wall(screen)
        return fill(wall.layout(screen, translator(screen.locale), shown.timezone), shown.render())

    app.callback(Output("page", "children"), Input("tick", "n_intervals"))(draw)
    app.server.get("/healthz")(lambda: ({}, 200 if walls.wall(walls.screen(SCREEN, "en")) else 503))
    serve(settings, app.server)
    return 0


if __name__ == "__main__":
    sys.exit(main())
