/* Keeps a live page live: applies the cells that the server pushes, ticks the clock, shows
 * when nothing comes through any more, turns the pages, reloads for a new build.
 *
 * Python alone decides what is shown. This script writes texts, class names and style
 * properties into elements that were drawn once and that nothing else touches afterwards.
 * Texts go in at once; styles (the charts) in the next animation frame, twice a second at most.
 */
(() => {
  "use strict";

  const LOST_AFTER_MS = 11000; // two heartbeats missed
  const STYLE_EVERY_MS = 500;
  const MARK_MS = 2000;
  const TICK_MS = 1000;
  const QUIET_MS = 3000;
  const FRONT_MS = 30000;
  const DAY_MS = 24 * 3600 * 1000;

  class Cells {
    constructor() {
      this.elements = new Map();
      this.styles = new Map();
      this.drawnAt = -Infinity;
      this.drawing = false;
    }

    element(id) {
      let found = this.elements.get(id);
      if (!found || !found.isConnected) {
        found = document.getElementById(id);
        if (found) this.elements.set(id, found);
      }
      return found;
    }

    apply(cells, mark) {
      for (const id in cells) {
        const element = this.element(id);
        if (!element) continue;
        const cell = cells[id];
        if ("c" in cell) element.className = cell.c;
        if ("t" in cell) this.write(element, cell.t, mark);
        if ("s" in cell) this.styles.set(element, cell.s);
      }
      if (this.styles.size) this.draw();
    }

    write(element, text, mark) {
      const node = element.firstChild;
      if (node && node.nodeType === Node.TEXT_NODE) {
        if (node.nodeValue === text) return;
        node.nodeValue = text;
      } else if (text !== "") {
        element.textContent = text;
      } else return;
      if (mark && element.dataset.mark) {
        element.classList.add("mp-changed");
        clearTimeout(element.markTimer);
        element.markTimer = setTimeout(() => element.classList.remove("mp-changed"), MARK_MS);
      }
    }

    draw() {
      if (this.drawing) return;
      this.drawing = true;
      const wait = this.drawnAt + STYLE_EVERY_MS - performance.now();
      const soon = () => requestAnimationFrame(() => this.paint());
      if (wait > 0) setTimeout(soon, wait);
      else soon();
    }

    paint() {
      this.drawing = false;
      this.drawnAt = performance.now();
      for (const [element, style] of this.styles) {
        for (const name in style) {
          if (name.startsWith("--")) element.style.setProperty(name, style[name]);
          else element.style[name] = style[name];
        }
      }
      this.styles.clear();
    }
  }

  class Rotation {
    constructor(root) {
      this.pages = [...root.querySelectorAll(".mp-page")];
      this.shown = 0;
      this.turnAt = performance.now() + this.staysMs();
    }

    staysMs() {
      const page = this.pages[this.shown];
      return page ? 1000 * Number(page.dataset.seconds || 20) : Infinity;
    }

    tick(now) {
      if (this.pages.length < 2 || now < this.turnAt) return;
      this.show((this.shown + 1) % this.pages.length, now);
    }

    show(number, now) {
      this.pages[this.shown].classList.remove("mp-show");
      this.shown = number;
      this.pages[this.shown].classList.add("mp-show");
      this.turnAt = now + this.staysMs();
    }

    /* The page with the exceptions comes to the front, and stays for a while. */
    front(now) {
      const number = this.pages.findIndex((page) => page.querySelector(".mp-exceptions"));
      if (number < 0) return;
      this.show(number, now);
      this.turnAt = Math.max(this.turnAt, now + FRONT_MS);
    }
  }

  class LivePage {
    constructor(root) {
      this.root = root;
      this.cells = new Cells();
      this.rotation = new Rotation(root);
      this.loadedAt = performance.now();
      this.heardAt = performance.now();
      this.changedAt = performance.now();
      this.ageAt = null;
      this.beat = null;
      this.build = null;
      this.reloading = false;
      this.clock = document.getElementById("wall-clock");
      this.fresh = document.getElementById("wall-fresh");
      this.lostAge = document.getElementById("wall-lost-age");
      this.connect();
      this.timer = setInterval(() => this.tick(), TICK_MS);
    }

    connect() {
      const source = new EventSource("/live" + location.pathname + location.search);
      this.source = source;
      source.addEventListener("snapshot", (event) => this.take(event, false));
      source.addEventListener("cells", (event) => this.take(event, true));
      source.addEventListener("beat", (event) => this.hear(event));
      source.onerror = () => {
        if (source.readyState === EventSource.CLOSED && this.source === source) {
          this.leaveWhenKeptOut();
          setTimeout(() => this.connect(), 1000 + 2000 * Math.random());
        }
      };
    }

    /* Whoever may see this page no longer is sent elsewhere by the server: follow it there. */
    leaveWhenKeptOut() {
      fetch(location.href, { redirect: "manual", cache: "no-store" })
        .then((answer) => { if (answer.type === "opaqueredirect") location.reload(); })
        .catch(() => {});
    }

    take(event, mark) {
      const frame = JSON.parse(event.data);
      this.cells.apply(frame.c, mark);
      const now = performance.now();
      if (!this.beat || this.beat.log) this.heardAt = now;
      if (mark) this.changedAt = now;
      this.alarm(now);
      this.age(frame.a);
    }

    /* A new critical exception brings its page to the front; those that were there don't. */
    alarm(now) {
      const place = this.cells.element("wall-alarm");
      const newest = Number((place && place.textContent) || 0);
      if (this.newest !== undefined && newest > this.newest) this.rotation.front(now);
      this.newest = Math.max(newest, this.newest ?? 0);
    }

    hear(event) {
      this.beat = JSON.parse(event.data);
      this.beatAt = performance.now();
      if (this.beat.log) this.heardAt = this.beatAt;
      this.age(this.beat.age);
      this.build ??= this.beat.build;
      this.tick();
    }

    age(seconds) {
      this.ageAt = seconds === null ? null : performance.now() - 1000 * seconds;
    }

    tick() {
      if (!this.root.isConnected) return this.close();
      const now = performance.now();
      const lost = now - this.heardAt > LOST_AFTER_MS || (this.beat && !this.beat.log);
      this.root.classList.toggle("mp-lost", Boolean(lost));
      this.showFreshness(now, lost);
      this.showClock(now);
      this.rotation.tick(now);
      this.reloadWhenDue(now);
    }

    showFreshness(now, lost) {
      if (!this.fresh) return;
      const old = this.duration((now - (lost ? this.heardAt : (this.ageAt ?? now))) / 1000);
      const { live, lost: gone } = this.fresh.dataset;
      const age = lost || this.ageAt !== null ? " · " + old : "";
      this.cells.write(this.fresh, (lost ? gone : live) + age, false);
      if (lost && this.lostAge) this.cells.write(this.lostAge, old, false);
    }

    showClock(now) {
      if (!this.clock || !this.beat) return;
      const { rate, ends } = this.beat;
      const at = this.beat.now + (now - this.beatAt) * rate;
      this.clockFormat ??= new Intl.DateTimeFormat(this.clock.dataset.locale, {
        hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: this.clock.dataset.tz,
      });
      this.cells.write(this.clock, this.clockFormat.format(ends ? Math.min(at, ends) : at), false);
    }

    duration(seconds) {
      const [value, unit] =
        seconds < 60 ? [seconds, "second"]
        : seconds < 3600 ? [seconds / 60, "minute"]
        : [seconds / 3600, "hour"];
      const digits = unit === "second" && value < 9.95 ? 1 : 0;
      return new Intl.NumberFormat(this.fresh.dataset.locale, {
        style: "unit", unit, unitDisplay: "short",
        minimumFractionDigits: digits, maximumFractionDigits: digits,
      }).format(digits ? Math.max(0, value) : Math.floor(value));
    }

    reloadWhenDue(now) {
      const due = this.build !== null
        && (this.beat.build !== this.build || now - this.loadedAt > DAY_MS);
      const quiet = now - this.changedAt > QUIET_MS;
      this.dueSince = due ? (this.dueSince ?? now) : null;
      if (!due || this.reloading || !(quiet || now - this.dueSince > 60000)) return;
      this.reloading = true;
      fetch("/healthz", { cache: "no-store" })
        .then((answer) => { if (answer.ok) location.reload(); else this.reloading = false; })
        .catch(() => { this.reloading = false; });
    }

    close() {
      clearInterval(this.timer);
      this.source.close();
      wait();
    }
  }

  /* A wall that looks back: nothing comes in, the arrow keys go from one instant to another. */
  class StillPage {
    constructor(root) {
      this.root = root;
      this.rotation = new Rotation(root);
      this.press = (event) => this.step(event);
      addEventListener("keydown", this.press);
      this.timer = setInterval(() => this.tick(), TICK_MS);
    }

    step(event) {
      const id = { ArrowLeft: "wall-back", ArrowRight: "wall-on", Escape: "wall-live" }[event.key];
      if (!id || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      document.getElementById(id).click();
    }

    tick() {
      if (this.root.isConnected) return this.rotation.tick(performance.now());
      clearInterval(this.timer);
      removeEventListener("keydown", this.press);
      wait();
    }
  }

  const watch = new MutationObserver(() => look());
  const look = () => {
    const root = document.getElementById("wall");
    if (!root) return;
    watch.disconnect();
    if (root.dataset.at) new StillPage(root);
    else new LivePage(root);
  };
  const wait = () => {
    watch.observe(document.documentElement, { childList: true, subtree: true });
    look();
  };
  wait();
})();
