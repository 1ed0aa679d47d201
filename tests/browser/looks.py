"""What a browser can say of a page's looks: what is cut off, what can hardly be read."""

CUT_OFF = """() => [...document.querySelectorAll('main *')].filter((e) => {
  if (!e.getClientRects().length || e.closest('.mp-table-box, .mp-unseen')) return false;
  const box = e.getBoundingClientRect();
  return box.right > innerWidth + 1 || box.left < -1;
}).map((e) => e.className || e.tagName)"""
# Whether words stand out from what is behind them (WCAG 2.2, 1.4.3), for those of the main part.
FAINT = """() => {
  const rgb = (c) => c.match(/[\\d.]+/g).map(Number);
  const light = (c) => { const [r, g, b] = c.slice(0, 3).map((v) => { v /= 255;
    return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = (e) => { for (; e; e = e.parentElement) {
    const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0.99) return c; }
    return [255, 255, 255]; };
  return [...document.querySelectorAll('main *')].filter((e) => e.getClientRects().length
    && [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())).filter((e) => {
      const a = light(rgb(getComputedStyle(e).color)), b = light(behind(e));
      return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5;
    }).map((e) => e.textContent.trim());
}"""
