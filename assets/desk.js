/* Keeps a desk page live and its forms quick. Python alone decides what is shown: when a topic
 * that concerns the page has changed after it was drawn, this script asks for its body anew, at
 * most every five seconds, never while the tab is hidden or something typed isn't sent yet.
 */
(() => {
  "use strict";

  const RENEW_EVERY_MS = 5000;
  const PROMPTLY_MS = 800; // when somebody said something
  const PATIENCE_MS = 30000; // an answer that was lost on its way is waited for no longer
  const STATEMENTS = 4096; // as in data/domain/topics.py
  const LOST_AFTER_MS = 11000; // two heartbeats missed
  const TICK_MS = 1000;
  const CLOCK_BACK_MS = 60000; // further back than two processes ever differ
  const TYPING_MS = 3000;

  const byId = (id) => document.getElementById(id);
  const plainFetch = window.fetch;

  /* Whoever may see this page no longer is sent elsewhere by the server, or told that nothing
   * is here: follow it there. */
  const leaveWhenKeptOut = () => {
    plainFetch(location.href, { redirect: "manual", cache: "no-store" })
      .then((answer) => {
        if (answer.type === "opaqueredirect" || answer.status === 404) location.reload();
      })
      .catch(() => {});
  };

  /* One stream of versions for the site that is looked at. */
  class Versions {
    constructor(site, stream) {
      this.site = site;
      this.stream = stream;
      this.changedAt = new Map(); // topic → real instant, ms
      this.heardAt = performance.now();
      this.beat = null;
      this.connect();
    }

    connect() {
      const source = new EventSource(`/live/${this.stream}/${encodeURIComponent(this.site)}`);
      this.source = source;
      source.addEventListener("snapshot", (event) => this.take(event));
      source.addEventListener("cells", (event) => this.take(event));
      source.addEventListener("beat", (event) => this.hear(event));
      source.onerror = () => {
        if (source.readyState === EventSource.CLOSED && this.source === source) {
          leaveWhenKeptOut();
          setTimeout(() => this.source === source && this.connect(), 1000 + 2000 * Math.random());
        }
      };
    }

    take(event) {
      const cells = JSON.parse(event.data).c;
      for (const topic in cells) {
        if (topic === "open") showOpen(cells.open.t);
        else this.changedAt.set(Number(topic), Number(cells[topic].t));
      }
      if (!this.beat || this.beat.log) this.heardAt = performance.now();
      if (this === versions) tick(); // what changed is asked for at once
    }

    hear(event) {
      this.beat = JSON.parse(event.data);
      this.beatAt = performance.now();
      if (this.beat.log) this.heardAt = this.beatAt;
    }

    lost() {
      return performance.now() - this.heardAt > LOST_AFTER_MS || Boolean(this.beat && !this.beat.log);
    }

    /* Whether the server's clock has gone back since an instant that it named. */
    wentBackSince(instant) {
      const { now, rate } = this.beat || {};
      return !this.lost() && instant - now > CLOCK_BACK_MS * Math.max(1, rate);
    }

    changedAfter(topics, instant) {
      for (const [topic, at] of this.changedAt) if (topics & topic && at > instant) return true;
      return false;
    }

    close() {
      this.source.close();
      this.source = null;
    }
  }

  /* How many exceptions need somebody, beside their page's name. */
  const showOpen = (count) => {
    const place = document.querySelector(".mp-tab-count");
    if (!place) return;
    place.textContent = count;
    place.dataset.count = count;
  };

  let versions = null;
  let renewedAt = -Infinity;
  let kept = null; // what the reader held on to when a body came that is to be drawn
  let typedAt = -Infinity;
  let composing = null; // the field in which several keys are about to become one character
  let wishes = 0;
  let doubted = null; // when the page was drawn, by a clock that has gone back since

  const selecting = () => {
    const selection = document.getSelection();
    return selection && !selection.isCollapsed && byId("desk-body").contains(selection.anchorNode);
  };

  /* In which fields something is typed that the address doesn't have yet. */
  const typed = () => [...document.querySelectorAll("#desk-body .mp-input > input")].filter(
    (one) => one.value !== one.defaultValue);

  /* Whether a body drawn now would take something out of the reader's hands. */
  const inHand = () => typed().length > 0 || selecting() || (composing && composing === document.activeElement)
    || Boolean(document.querySelector("#desk-body :active"));

  const typing = () => {
    const field = document.activeElement;
    return field && field.matches("#desk-body :is(input, textarea)") && performance.now() - typedAt < TYPING_MS;
  };

  const follow = () => {
    const root = byId("desk");
    const site = root && root.dataset.site;
    const stream = (root && root.dataset.stream) || "desk";
    if (versions && (versions.site !== site || versions.stream !== stream)) {
      versions.close();
      versions = null;
    }
    if (!versions && site) versions = new Versions(site, stream);
  };

  const tick = () => {
    follow();
    const mark = byId("desk-as-of");
    if (!mark || !versions) return;
    const lost = versions.lost();
    byId("desk").classList.toggle("mp-lost", lost);
    const store = document.querySelector("#desk-body [data-desk-store]");
    const topics = Number((store || mark).dataset[store ? "deskTopics" : "topics"]);
    const drawn = Number((store && store.dataset.drawn) || mark.dataset.drawn);
    if (topics && versions.wentBackSince(Number(mark.dataset.now))) {
      doubted = drawn; // no change says a later instant than this one for long
      mark.dataset.now = String(versions.beat.now);
    }
    const stale = topics && (versions.changedAfter(topics, drawn) || turned(mark) || drawn === doubted);
    mark.dataset.live = topics ? "1" : "0";
    showAsOf(mark, lost, topics, stale);
    if (!stale || lost || document.hidden || typing() || inHand()) return;
    const said = versions.changedAfter(topics & STATEMENTS, drawn);
    renew(store, said ? PROMPTLY_MS : RENEW_EVERY_MS);
  };

  /* Whether an instant has come at which time alone changes what is shown. */
  const turned = (mark) => {
    const turn = document.querySelector("#desk-body [data-turn]");
    return Boolean(turn) && Number(mark.dataset.now) >= Number(turn.dataset.turn);
  };

  /* Dash drops an answer for which it was asked again meanwhile: a server that is slower than the
   * page asks would never draw anything. */
  const renew = (store, atMostEveryMs) => {
    const now = performance.now();
    if (now - renewedAt < (open ? PATIENCE_MS : atMostEveryMs)) return;
    renewedAt = now;
    wishes += 1;
    const data = { path: location.pathname, search: location.search, wish: wishes };
    window.dash_clientside.set_props((store && store.dataset.deskStore) || "desk-live", { data });
  };

  /* As of when what is shown holds: the last heartbeat, unless something changed since it was
   * drawn, or the page is never renewed. */
  const showAsOf = (mark, lost, topics, stale) => {
    const time = mark.querySelector("time");
    const word = mark.querySelector(".mp-lost-word");
    if (!time) return;
    let at = Number(mark.dataset.now);
    if (topics && versions.beat && !stale && !lost) {
      const { now, rate, ends } = versions.beat;
      const moved = now + (performance.now() - versions.beatAt) * rate;
      at = Math.max(at, ends ? Math.min(moved, ends) : moved);
      mark.dataset.now = String(Math.round(at));
    }
    const text = new Intl.DateTimeFormat("en-GB", {
      hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
      timeZone: mark.dataset.tz,
    }).format(at);
    if (time.textContent !== text) time.firstChild ? (time.firstChild.nodeValue = text) : (time.textContent = text);
    const said = lost ? mark.dataset.lost + " · " : "";
    if (word && word.textContent !== said) word.textContent = said;
  };

  /* What the reader holds on to is given back after a body was drawn anew. */
  const boxes = () => [...document.querySelectorAll("#desk-body .mp-table-box, #desk-body [data-keep]")];
  const folds = () => [...document.querySelectorAll("#desk-body details")];
  const alike = (tag) => [...document.querySelectorAll("#desk-body " + tag)];

  const keepPlace = () => {
    const field = document.activeElement;
    const focus = field && field.closest("#desk-body") && field.id !== "desk-body" ? {
      element: field, tag: field.tagName, place: alike(field.tagName).indexOf(field),
      href: field.getAttribute("href"), name: field.getAttribute("name"),
      start: field.selectionStart, end: field.selectionEnd,
    } : null;
    return {
      drawn: drawnAt(), focus, scrolled: boxes().map((box) => [box.scrollLeft, box.scrollTop]),
      open: new Map(folds().map((fold) => [nameOf(fold), fold.open])),
    };
  };

  /* A fold is the same one by its place within what has an id, however the rest moved. */
  const nameOf = (fold) => {
    const home = fold.closest("[id]");
    return `${home.id} ${[...home.querySelectorAll("details")].indexOf(fold)}`;
  };

  const drawnAt = () => (byId("desk-as-of") || { dataset: {} }).dataset.drawn;

  const givePlaceBack = () => {
    if (!kept || !drawnAt() || drawnAt() === kept.drawn) return;
    const { focus, scrolled, open } = kept;
    kept = null;
    const now = document.activeElement;
    requestAnimationFrame(() => { // when still parts have been drawn too
      boxes().forEach((box, place) => {
        if (scrolled[place]) [box.scrollLeft, box.scrollTop] = scrolled[place];
      });
      folds().forEach((fold) => {
        const before = open.get(nameOf(fold));
        if (before !== undefined) fold.open = before;
      });
      if (focus && (now === document.body || now === focus.element)) refocus(focus, now);
    });
  };

  const refocus = (focus, before) => {
    if (document.activeElement !== before && document.activeElement !== document.body) return;
    if (focus.element.isConnected) {
      focus.element.focus({ preventScroll: true });
      return;
    }
    if (focus.href && document.activeElement.getAttribute("href") === focus.href) return;
    const all = alike(focus.tag);
    const found = (focus.href && all.find((one) => one.getAttribute("href") === focus.href))
      || (focus.name && all.find((one) => one.getAttribute("name") === focus.name))
      || all[focus.place];
    if (!found) return;
    found.focus({ preventScroll: true });
    if (typeof focus.start === "number") found.setSelectionRange(focus.start, focus.end);
  };

  /* Addresses: a form becomes one, and the page follows it without being loaded anew. */
  const go = (address) => {
    const elsewhere = new URL(address, location.href).pathname !== location.pathname;
    kept = null;
    forget();
    history.pushState({}, "", address);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    if (elsewhere) window.scrollTo(0, 0);
    closeMenus(null);
  };

  const addressOf = (form) => {
    const address = new URL(form.getAttribute("action") || location.pathname, location.origin);
    for (const field of form.elements) {
      if (!field.name) continue;
      const value = field.value.trim();
      if (value) address.searchParams.set(field.name, value);
      else address.searchParams.delete(field.name);
    }
    return address.pathname + address.search;
  };

  const send = (form) => {
    const address = addressOf(form);
    for (const field of form.elements) if (field.localName === "input") field.defaultValue = field.value;
    go(address);
  };

  document.addEventListener("submit", (event) => {
    const form = event.target.closest(".mp-desk form[method=get]");
    if (!form) return;
    event.preventDefault();
    event.stopPropagation();
    send(form);
  }, true);

  document.addEventListener("change", (event) => {
    const field = event.target;
    const quick = field.matches(".mp-desk .mp-select, .mp-desk .mp-day input");
    if (quick && field.form && field.validity.valid) send(field.form);
  });

  /* What was typed and not sent is meant for no other address. */
  const forget = () => { for (const field of typed()) field.value = field.defaultValue; };
  window.addEventListener("popstate", forget);

  document.addEventListener("input", () => { typedAt = performance.now(); });
  document.addEventListener("compositionstart", (event) => { composing = event.target; });
  document.addEventListener("compositionend", () => { composing = null; });

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-inner]");
    const plain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (!link || !plain || event.defaultPrevented || link.origin !== location.origin) return;
    event.preventDefault();
    go(link.getAttribute("href"));
  });

  /* A click beside an open menu, or Escape, closes it. */
  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll(".mp-desk details.mp-menu[open]")) {
      if (menu !== except) menu.open = false;
    }
  };
  document.addEventListener("click", (event) => {
    const menu = event.target.closest(".mp-menu");
    closeMenus(menu);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeMenus(null);
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) tick(); });

  /* A quiet bar while the server is asked for something. A body that was asked for at another
   * address than the one now shown, or that would take something out of the reader's hands, is
   * dropped (204: nothing to update) and asked for again when it wouldn't. */
  let open = 0;
  const showBusy = () => document.documentElement.classList.toggle("mp-busy", open > 0);

  /* The address that a renewal was asked for; null of anything else. */
  const wishedAt = (body) => {
    const given = body.includes('"desk-live"') ? JSON.parse(body).inputs : [];
    const wish = given.find((one) => one.id === "desk-live" && one.value);
    return wish ? wish.value.path + wish.value.search : null;
  };

  const taken = async (answer, address) => {
    const body = await answer.text(); // so that little time is left until it is drawn
    if (address === location.pathname + location.search && !inHand()) {
      kept = keepPlace();
      return new Response(answer.status === 204 ? null : body, answer);
    }
    renewedAt = -Infinity;
    return new Response(null, { status: 204 });
  };

  window.fetch = (...request) => {
    const address = String((request[0] && request[0].url) || request[0]);
    if (!address.includes("_dash-update-component")) return plainFetch(...request);
    const wished = wishedAt(String((request[1] && request[1].body) || ""));
    open += 1;
    showBusy();
    return plainFetch(...request)
      .then((answer) => {
        if (answer.status === 401) leaveWhenKeptOut();
        return wished === null ? answer : taken(answer, wished);
      })
      .finally(() => { open -= 1; showBusy(); });
  };

  const watch = new MutationObserver(() => {
    follow();
    givePlaceBack();
  });
  watch.observe(document.documentElement, { childList: true, subtree: true });
  setInterval(tick, TICK_MS);
})();
