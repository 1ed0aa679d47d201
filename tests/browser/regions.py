"""What a screenshot looks like, region by region, in figures that fonts don't upset.

The browser itself shrinks the picture; each region keeps its mean lightness and its contrast
(standard deviation), both 0 to 1. Coarse on purpose: another release of a font moves an edge
by a pixel, a panel that is empty, lost or in the wrong colours changes its figures.
"""

import base64
from typing import Any

from playwright.sync_api import Page

WIDTH, HEIGHT = 240, 135
REGIONS = (
    "header", "p0-figures", "p0-work_units", "p0-bottleneck", "p0-exceptions", "p0-milestones",
)  # fmt: skip

_MEASURE = """async ([picture, regions, width, height]) => {
  const blob = await (await fetch('data:image/png;base64,' + picture)).blob();
  const bitmap = await createImageBitmap(blob, { resizeWidth: width, resizeHeight: height });
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  context.drawImage(bitmap, 0, 0);
  const scale = width / innerWidth;
  const found = {};
  for (const id of regions) {
    const box = document.getElementById(id).getBoundingClientRect();
    const [x, y, w, h] = [box.x, box.y, box.width, box.height].map((v) => Math.round(v * scale));
    const { data } = context.getImageData(x, y, w, h);
    let sum = 0, squares = 0;
    for (let i = 0; i < data.length; i += 4) {
      const light = (0.2126 * data[i] + 0.7152 * data[i + 1] + 0.0722 * data[i + 2]) / 255;
      sum += light;
      squares += light * light;
    }
    const n = data.length / 4, mean = sum / n;
    found[id] = { x, y, w, h, mean, contrast: Math.sqrt(Math.max(0, squares / n - mean * mean)) };
  }
  return found;
}"""


def regions_of(page: Page) -> dict[str, dict[str, float]]:
    """Measure the main regions of the wall that a page shows."""
    picture = base64.b64encode(page.screenshot(animations="disabled")).decode()
    found: Any = page.evaluate(_MEASURE, [picture, list(REGIONS), WIDTH, HEIGHT])
    return {name: {k: round(v, 3) for k, v in one.items()} for name, one in found.items()}
