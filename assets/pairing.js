/* A screen that waits to be let in: asks whether its code still holds, and loads again when not.
 * While the server is away the code stays, and says so.
 */
(() => {
  "use strict";

  const EVERY_MS = 3000;
  const code = document.getElementById("pair-code");
  if (!code) return;
  const lost = document.getElementById("pair-lost");

  const look = async () => {
    try {
      const answer = await fetch("/screen/state", { cache: "no-store" });
      lost.hidden = answer.ok;
      if (answer.ok && (await answer.json()).code !== code.dataset.code) return location.reload();
    } catch {
      lost.hidden = false;
    }
    setTimeout(look, EVERY_MS);
  };
  setTimeout(look, EVERY_MS);
})();
