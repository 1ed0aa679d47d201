/* Draws the parts of a page that only show and link (layouts/components/still.py): each comes as
   one value, [tag, attributes, children], and only what differs from what stands is changed.
   Texts stay texts: nothing in here is read as HTML. */
(() => {
  const drawn = new WeakMap();

  const dress = (element, wanted) => {
    for (const { name } of [...element.attributes]) {
      const readers = name === "open" && element.tagName === "DETAILS"; // the reader unfolded it
      if (!(name in wanted) && name !== "style" && !readers) element.removeAttribute(name);
    }
    for (const [name, value] of Object.entries(wanted)) {
      if (name === "style" || element.getAttribute(name) === value) continue;
      if (name === "href" && !/^[/#?]/.test(value)) continue; // pages of ours alone
      const typed = element.localName === "input" && element.value !== element.defaultValue;
      element.setAttribute(name, value);
      if (name === "value" && element.localName === "input" && !typed) element.value = value;
    }
    const style = wanted.style || {};
    for (const name of [...element.style]) if (!(name in style)) element.style.removeProperty(name);
    for (const [name, value] of Object.entries(style)) element.style.setProperty(name, value);
  };

  const make = (node, known) => {
    if (typeof node === "string") return document.createTextNode(node);
    const element = document.createElement(node[0]);
    dress(element, node[1]);
    fill(element, node[2], known);
    return element;
  };

  const fits = (there, node) => (typeof node === "string"
    ? there.nodeType === Node.TEXT_NODE
    : there.nodeType === Node.ELEMENT_NODE && there.localName === node[0]);

  const renew = (there, node, known) => {
    if (typeof node === "string") {
      if (there.data !== node) there.data = node;
      return;
    }
    dress(there, node[1]);
    if (!("data-own" in node[1])) fill(there, node[2], known); // else a script says there what it did
  };

  /* Children are taken for the same by their id, wherever in the page they stood (`known`), so that
     what is typed goes with them; else by their place. */
  const fill = (parent, nodes, known) => {
    const wanted = new Set(nodes.map((node) => typeof node !== "string" && node[1].id));
    let at = parent.firstChild;
    for (const node of nodes) {
      const id = typeof node !== "string" && node[1].id;
      while (at && at.id && at.id !== id && !wanted.has(at.id)) {
        const gone = at;
        at = at.nextSibling;
        gone.remove();
      }
      const there = id ? known.get(id) : at;
      if (there && fits(there, node) && (id || "") === (there.id || "")) {
        renew(there, node, known);
        if (there === at) at = at.nextSibling;
        else parent.insertBefore(there, at);
      } else {
        parent.insertBefore(make(node, known), at);
      }
    }
    while (at) {
      const gone = at;
      at = at.nextSibling;
      gone.remove();
    }
  };

  /* A page drawn anew brings a new place: what stood in the old one goes over to it, so that
     what is unfolded stays so and what had the focus gets it back. */
  const places = new Map();
  let held = null;

  let heldAt = null; // how high on the screen a link stood when it was followed

  document.addEventListener("focusin", (event) => {
    held = event.target.closest("[data-still]") ? event.target : null;
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-still] a[data-inner]");
    heldAt = link && link === held ? link.getBoundingClientRect().top : null;
  }, true);

  const takeOver = (place) => {
    const before = places.get(place.id);
    places.set(place.id, place);
    if (!before || before === place || before.isConnected) return;
    place.append(...before.childNodes);
  };

  const giveBack = (place) => {
    if (!held || !place.contains(held)) return;
    if (document.activeElement === document.body) held.focus({ preventScroll: true });
    if (heldAt !== null) window.scrollBy(0, held.getBoundingClientRect().top - heldAt);
    heldAt = null;
  };

  const look = () => {
    for (const place of document.querySelectorAll("[data-still]")) {
      const value = place.dataset.still;
      if (drawn.get(place) === value) continue;
      drawn.set(place, value);
      takeOver(place);
      const known = new Map([...place.querySelectorAll("[id]")].map((one) => [one.id, one]));
      fill(place, [JSON.parse(value)], known);
      giveBack(place);
    }
  };

  new MutationObserver(look).observe(document.documentElement, {
    subtree: true, childList: true, attributes: true, attributeFilter: ["data-still"],
  });
  look();
})();
