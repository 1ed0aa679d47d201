/* A link or button that is pressed while the page is drawn anew beneath it is followed all the same.
 * That can't be kept from happening: between an answer and what is drawn of it is always a moment.
 */
(() => {
  "use strict";

  const PRESSABLE = "a[href], button, summary, label, input[type=checkbox], input[type=radio]";

  /* Where the element was taken out before it was let go, no click comes of it, though the same one
   * stands there again. */
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
