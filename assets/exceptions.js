/* The inbox by keyboard, and its forms without leaving the page. What is shown is decided by the
   server alone: a key presses a button or follows a link that stands there for everybody. */
(() => {
  "use strict";

  const SAID_MS = 6000;
  let wishes = 0;
  let silence = 0;

  const page = () => document.querySelector(".mp-x-page");
  const all = (selector) => [...document.querySelectorAll(selector)];
  const boxes = () => all(".mp-x-box");
  const rowOf = (element) => element && element.closest && element.closest(".mp-x-row");

  /* Rows */

  const current = () => rowOf(document.activeElement);

  const go = (step) => {
    const rows = all(".mp-x-row");
    if (!rows.length) return;
    const at = rows.indexOf(current());
    const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step;
    const row = rows[Math.min(rows.length - 1, Math.max(0, next))];
    row.querySelector(".mp-x-open").focus();
    row.scrollIntoView({ block: "nearest" });
  };

  const count = () => {
    const chosen = boxes().filter((one) => one.checked).length;
    for (const place of all(".mp-x-count")) {
      if (place.textContent !== String(chosen)) place.textContent = String(chosen);
    }
  };

  const toggle = () => {
    const box = current() && current().querySelector(".mp-x-box");
    if (!box) return;
    box.checked = !box.checked;
    count();
  };

  const clear = () => {
    for (const box of boxes()) box.checked = false;
    for (const drop of all(".mp-x-drop[open]")) drop.open = false;
    count();
  };

  /* What acts on nothing selected acts on the row that has the focus. */
  const choose = () => {
    if (boxes().some((one) => one.checked)) return true;
    const box = current() && current().querySelector(".mp-x-box");
    if (box) box.checked = true;
    count();
    return Boolean(box);
  };

  const ready = () => !boxes().length || choose();

  const press = (move) => {
    if (!ready()) return;
    const button = document.querySelector(`.mp-x-page button[name=move][value=${move}]`);
    if (button) button.form.requestSubmit(button);
  };

  const open = (name) => {
    if (!ready()) return;
    const drop = document.querySelector(`.mp-x-drop[data-drop=${name}]`);
    if (!drop) return;
    closeDrops(drop);
    drop.open = true;
    const field = drop.querySelector("select, textarea");
    if (field) field.focus();
  };

  const closeDrops = (except) => {
    for (const drop of all(".mp-x-drop[open]")) if (drop !== except) drop.open = false;
  };

  const comment = () => {
    const field = document.getElementById("x-say");
    if (field) {
      field.focus();
      return;
    }
    const link = current() && current().querySelector(".mp-x-open");
    if (!link) return;
    sayNext = true;
    link.click();
  };
  let sayNext = false; // the page that is opened begins in its field

  const showKeys = () => {
    const keys = document.getElementById("exceptions-keys");
    if (keys && !keys.open) keys.showModal();
  };

  const search = () => {
    const field = document.querySelector("#desk-body input[name=q]");
    if (!field) return;
    field.focus();
    field.select();
  };

  const escape = () => {
    const drop = document.querySelector(".mp-x-drop[open]");
    if (!drop) return clear();
    drop.open = false;
    drop.querySelector("summary").focus();
  };

  const KEYS = {
    j: () => go(1), k: () => go(-1), x: toggle, a: () => press("acknowledge"),
    s: () => open("shelve"), r: () => open("resolve"), c: comment, "/": search, "?": showKeys,
    Escape: escape,
  };

  const typing = (element) => element.matches("input:not([type=checkbox]), textarea, select, [contenteditable]");

  document.addEventListener("keydown", (event) => {
    if (!page() || event.defaultPrevented || event.isComposing) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typed = typing(event.target);
    if (typed && event.key === "Escape") return event.target.closest(".mp-x-drop") ? escape() : event.target.blur();
    if (typed && event.key === "Enter" && event.target.matches("select")) return;
    if (typed || document.querySelector("dialog[open]")) return;
    const act = KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches(".mp-x-box")) count();
  });

  /* A range with shift, as everywhere. */
  let lastBox = null;
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-keys]")) showKeys();
    if (!event.target.closest(".mp-x-drop")) closeDrops(null);
    else closeDrops(event.target.closest(".mp-x-drop"));
    if (event.target.matches(".mp-x-bar button[type=reset]")) {
      event.preventDefault();
      clear();
    }
    if (!event.target.matches(".mp-x-box")) return;
    const known = boxes();
    const [from, to] = [known.indexOf(lastBox), known.indexOf(event.target)].sort((a, b) => a - b);
    if (event.shiftKey && from >= 0) {
      for (const box of known.slice(from, to + 1)) box.checked = event.target.checked;
      count();
    }
    lastBox = event.target;
  });

  /* Forms */

  const cookie = (name) => {
    const found = document.cookie.split("; ").find((one) => one.startsWith(name + "="));
    return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
  };

  const say = (words) => {
    for (const place of all(".mp-x-said")) place.textContent = words;
    clearTimeout(silence);
    silence = setTimeout(() => { for (const place of all(".mp-x-said")) place.textContent = ""; }, SAID_MS);
  };

  const renew = () => {
    wishes += 1;
    const data = { path: location.pathname, search: location.search, wish: `moved-${wishes}` };
    window.dash_clientside.set_props("desk-live", { data });
  };

  const complain = (form, told) => {
    for (const one of form.querySelectorAll("[aria-invalid]")) one.removeAttribute("aria-invalid");
    const place = form.querySelector(".mp-x-wrong");
    if (told.renew || !place) say(told.words || "");
    else place.textContent = told.words || "";
    const field = told.field && form.elements[told.field];
    if (!(field instanceof HTMLElement) || field.type === "hidden") return;
    field.setAttribute("aria-invalid", "true");
    field.focus();
  };

  const finish = (form, told) => {
    for (const field of form.querySelectorAll("textarea")) field.value = "";
    for (const place of form.querySelectorAll(".mp-x-wrong")) place.textContent = "";
    closeDrops(null);
    if (form.id === "x-bulk") clear();
    say(told.said);
  };

  const send = async (form, submitter) => {
    const body = new FormData(form, submitter);
    const answer = await fetch(form.action, {
      method: "POST", body, redirect: "manual", credentials: "same-origin",
      headers: { Accept: "application/json", "X-CSRFToken": cookie("_csrf_token") || body.get("csrf_token") },
    });
    if (!(answer.headers.get("Content-Type") || "").includes("json")) {
      location.reload(); // signed out meanwhile
      return;
    }
    const told = await answer.json();
    if (told.ok) finish(form, told);
    else complain(form, told);
    if (told.ok || told.renew) renew();
  };

  document.addEventListener("submit", (event) => {
    const form = event.target.closest(".mp-x-form, .mp-x-bar");
    if (!form || form.method !== "post") return;
    event.preventDefault();
    if (form.dataset.sending) return;
    form.dataset.sending = "1";
    const back = current() && current().id;
    send(form, event.submitter)
      .catch(() => location.reload())
      .finally(() => {
        delete form.dataset.sending;
        const row = back && document.getElementById(back);
        if (row && document.activeElement === document.body) row.querySelector(".mp-x-open").focus();
      });
  });

  new MutationObserver(() => {
    count();
    const field = sayNext && document.getElementById("x-say");
    if (!field) return;
    sayNext = false;
    field.focus();
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
