// Runs inside of the app's page: notes when a key was pressed, when its answer came and when its rows were painted, and
// what each frame shows while the list is scrolled. Put in once by window_1m.py; hooks nothing but `fetch`, by which the
// page speaks to the app.
(() => {
  if (window.probe) return;

  const answers = [];
  const questions = new WeakMap();
  const original = window.fetch;
  window.fetch = async (input, init) => {
    const url = String(input?.url ?? input);
    const command = /logs_(query)\b/.exec(url)?.[1];
    const sent = performance.now();
    const response = await original(input, init);
    if (command) questions.set(response, { command, sent, came: performance.now(), asked: asked(init?.body) });
    return response;
  };
  // What the app reads of an answer is looked at, so that no answer is read twice.
  const read = Response.prototype.json;
  Response.prototype.json = async function () {
    const body = await read.call(this);
    const question = questions.get(this);
    if (question) answers.push({ ...question, body });
    return body;
  };

  function asked(body) {
    try {
      const text = typeof body === "string" ? body : new TextDecoder().decode(body);
      return JSON.parse(text);
    } catch {
      return {};
    }
  }

  const one = (id) => document.querySelector(`[data-testid='${id}']`);
  const squeezed = (text) => (text ?? "").replace(/\s+/g, " ").trim();

  // The count is that of the answer, and so is the first row on the screen; or nothing matches and the page says so.
  function shows(page, matched) {
    if (!squeezed(one("counts")?.textContent).startsWith(matched.toLocaleString("en-US"))) return false;
    if (matched === 0) return one("empty-filter") !== null || one("empty-searching") !== null;
    const first = page?.rows[0];
    if (!first) return false;
    const row = document.querySelector("[data-testid='log-row'][data-position='0']");
    return row !== null && !row.classList.contains("old") && row.dataset.id === String(first.id);
  }

  // Called when the frame in which this was asked for has been painted.
  function afterPaint(then) {
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => then(performance.now());
      channel.port2.postMessage(null);
    });
  }

  // Waits for the next change of the filter field, then for its rows. Gives the times in milliseconds.
  function nextKey() {
    const field = one("filter");
    window.probe.key = null;
    answers.length = 0;
    const onInput = (event) => {
      field.removeEventListener("input", onInput, true);
      const pressed = event.timeStamp;
      const text = field.value;
      const look = () => {
        const query = answers.find((one) => one.command === "query" && one.asked.text === text);
        const answer = query?.body.answer;
        if (query && (!answer.applied || shows(query.body.head, answer.counts.matched))) {
          const channel = new MessageChannel();
          channel.port1.onmessage = () => {
            window.probe.key = {
              text,
              // With a mistake in it nothing is painted: the rows of before stay.
              applied: answer.applied,
              matched: answer.counts.matched,
              sent: query.sent - pressed,
              answered: query.came - query.sent,
              painted: performance.now() - pressed,
            };
          };
          channel.port2.postMessage(null);
          return;
        }
        requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    };
    field.addEventListener("input", onInput, true);
  }

  // What the drawing of the rows costs on this machine, whoever writes them: each row on the screen gets the texts of
  // the next one, with nothing of the app in between. Gives the 95th of 100 times until they are painted, in milliseconds.
  function drawing() {
    const texts = [...document.querySelectorAll("[data-testid='log-row']")].map((row) => {
      const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
      const found = [];
      while (walker.nextNode()) if (walker.currentNode.data.trim()) found.push(walker.currentNode);
      return found;
    });
    const times = [];
    window.probe.drawn = null;
    const again = () => {
      const began = performance.now();
      const first = texts[0].map((node) => node.data);
      texts.forEach((nodes, i) => {
        const next = texts[i + 1]?.map((node) => node.data) ?? first;
        nodes.forEach((node, j) => (node.data = next[j] ?? node.data));
      });
      afterPaint((now) => {
        times.push(now - began);
        // Not in step with the frames, as keys are not.
        if (times.length < 100) setTimeout(again, 30 + 40 * Math.random());
        else window.probe.drawn = times.sort((a, b) => a - b)[94];
      });
    };
    again();
  }

  // How long a frame is here, the median of some, in milliseconds.
  function frameLength() {
    const times = [];
    const tick = (time) => {
      times.push(time);
      if (times.length <= 60) {
        requestAnimationFrame(tick);
        return;
      }
      const lengths = times.slice(1).map((value, index) => value - times[index]);
      lengths.sort((a, b) => a - b);
      window.probe.frame = lengths[lengths.length >> 1];
    };
    requestAnimationFrame(tick);
  }

  function scroller() {
    const grid = one("log-grid");
    const within = [grid, ...grid.querySelectorAll("*")];
    return within.find((element) => element.scrollHeight > element.clientHeight + 1000) ?? grid;
  }

  // Whether the visible part of the list is without text in more than half of its height.
  function isBlank(element) {
    const view = element.getBoundingClientRect();
    let filled = 0;
    for (const row of document.querySelectorAll("[data-testid='log-row']")) {
      if (squeezed(row.textContent).length < 8) continue;
      const box = row.getBoundingClientRect();
      filled += Math.max(0, Math.min(box.bottom, view.bottom) - Math.max(box.top, view.top));
    }
    return filled < view.height / 2;
  }

  // Jumps to these places (0 to 1) and then rolls on from each; looks at every frame.
  function scroll(places, rollFrames) {
    const element = scroller();
    const result = { frames: 0, blank: 0, longestBlank: 0, longestHeld: 0, mostRows: 0, longestFrame: 0 };
    let run = 0;
    let held = 0;
    let place = -1;
    let left = 0;
    let last = performance.now();
    window.probe.scrolled = null;
    const look = () => {
      const now = performance.now();
      result.frames += 1;
      result.longestFrame = Math.max(result.longestFrame, now - last);
      last = now;
      result.mostRows = Math.max(result.mostRows, document.querySelectorAll("[data-testid='log-row']").length);
      run = isBlank(element) ? run + 1 : 0;
      result.blank += run > 0 ? 1 : 0;
      result.longestBlank = Math.max(result.longestBlank, run);
      // Until rows of a new place are there, those of the place before stay on the screen, which says so.
      held = element.getAttribute("aria-busy") === "true" ? held + 1 : 0;
      result.longestHeld = Math.max(result.longestHeld, held);
    };
    const step = () => {
      if (left > 0) {
        left -= 1;
        element.scrollTop += 120;
      } else {
        place += 1;
        if (place >= places.length) {
          window.probe.scrolled = result;
          return;
        }
        left = rollFrames;
        element.scrollTop = places[place] * (element.scrollHeight - element.clientHeight);
      }
      afterPaint(() => {
        look();
        step();
      });
    };
    step();
  }

  window.probe = { nextKey, frameLength, drawing, scroll, key: null, frame: null, drawn: null, scrolled: null };
})();
