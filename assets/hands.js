/* What a reader is in the middle of outlives a page that is drawn anew beneath their hands: words
 * that are typed and not sent, and a link or button that is pressed. Neither can be kept from
 * happening, for between an answer and what is drawn of it there is always a moment.
 */
(() => {
  "use strict";

  const FIELDS = "#desk-body .mp-input input";
  const PRESSABLE = "a[href], button, summary, label, input[type=checkbox], input[type=radio]";

  /* Typed: `data-typed` says of a field that the address doesn't have its words yet. */
  const typed = new Map(); // which field of the page → the one that was typed in
  const alike = (field) => [...document.querySelectorAll(FIELDS)].filter((one) => one.name === field.name);

  /* Where in its words a field has the caret: one that was taken out may say where it was before. */
  const carets = new WeakMap();
  const noteCaret = () => {
    const field = document.activeElement;
    if (field && field.matches(FIELDS)) carets.set(field, [field.selectionStart, field.selectionEnd]);
  };
  document.addEventListener("selectionchange", noteCaret);

  document.addEventListener("input", (event) => {
    const field = event.target;
    if (field.matches(FIELDS)) typed.set(`${field.name} ${alike(field).indexOf(field)}`, field);
    noteCaret();
  }, true);

  /* The focus goes along, where nothing else has taken it. */
  const giveBack = (before, field) => {
    field.value = before.value;
    field.dataset.typed = "1";
    const focused = document.activeElement;
    if (focused && focused !== document.body) return;
    field.focus({ preventScroll: true });
    if (field.selectionStart !== null && carets.has(before)) field.setSelectionRange(...carets.get(before));
  };

  const look = () => {
    for (const [place, before] of typed) {
      if (before.isConnected || before.dataset.typed !== "1") continue;
      const field = alike(before)[Number(place.split(" ").pop())];
      if (!field) continue;
      typed.set(place, field);
      giveBack(before, field);
    }
  };
  new MutationObserver(look).observe(document.documentElement, { childList: true, subtree: true });

  /* Elsewhere nothing of it is meant any longer. */
  for (const moved of ["popstate", "_dashprivate_pushstate"]) {
    window.addEventListener(moved, () => {
      for (const field of typed.values()) delete field.dataset.typed;
      typed.clear();
    });
  }

  /* Pressed: where the element was taken out before it was let go, no click comes of it, though
   * the same one stands there again. */
  let pressed = null;

  const meant = (element) => [
    element.closest("[id]")?.id, element.form?.getAttribute("action"), element.localName,
    element.getAttribute("href"), element.name, element.value, element.getAttribute("aria-label"),
    element.textContent,
  ].join("\n");

  const pressable = (event) => {
    const changed = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
    return event.button === 0 && !changed ? event.target.closest(PRESSABLE) : null;
  };

  document.addEventListener("mousedown", (event) => {
    const element = pressable(event);
    pressed = element && { element, meant: meant(element) };
  }, true);

  document.addEventListener("click", (event) => {
    if (event.target.closest(PRESSABLE)) pressed = null; // it has come by itself
  }, true);

  document.addEventListener("mouseup", (event) => {
    const element = pressable(event);
    const before = pressed;
    if (!before || !element || meant(element) !== before.meant) return;
    setTimeout(() => {
      if (pressed !== before) return;
      pressed = null;
      element.click();
    });
  }, true);
})();
