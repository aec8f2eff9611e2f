// The page's script: languages, the filter, and a conversation drawn when it is opened.
// Whatever came from a program becomes text nodes, never markup.

const labels = JSON.parse(document.getElementById("labels").textContent);
const overview = document.getElementById("overview");
const storyView = document.getElementById("story");

// Languages -----------------------------------------------------------------------------------------------------------

const t = (key) => labels[key][language];
const decimal = (number) =>
  number.toLocaleString(language, { minimumFractionDigits: 1, maximumFractionDigits: 1, useGrouping: false });

function translate() {
  document.documentElement.lang = language;
  for (const element of all("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of all("[data-t-label]")) element.setAttribute("aria-label", t(element.dataset.tLabel));
  const button = document.getElementById("language");
  button.lang = language === "fr" ? "en" : "fr";
  button.textContent = { en: "English", fr: "Français" }[button.lang];
  all(".fold-all").forEach(nameTheFold);
  nameThePage();
}

document.getElementById("language").addEventListener("click", () => {
  language = language === "fr" ? "en" : "fr";
  remember("conformance-language", language);
  if (!storyView.hidden) route(false);
  translate();
});

document.getElementById("theme").addEventListener("click", () => {
  const dark = getComputedStyle(document.documentElement).colorScheme === "dark" ||
    (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  setTheme(dark ? "light" : "dark");
  remember("conformance-theme", dark ? "light" : "dark");
});

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
}

const isOpen = (button) => button.getAttribute("aria-expanded") === "true";

// Building ------------------------------------------------------------------------------------------------------------

// Sentences of the harness put names between backticks.
function prose(text) {
  const fragment = document.createDocumentFragment();
  text.split(/`([^`]+)`/).forEach((part, index) => fragment.append(index % 2 ? make("code", null, visible(part)) : visible(part)));
  return fragment;
}

const colon = () => (language === "fr" ? "\u00a0: " : ": ");
const said = (tag, text, options) => make(tag, { lang: "en", ...options }, visible(String(text)));
const unseen = (text) => make("span", { class: "unseen" }, text);
const bytesOf = (hex) => hex.match(/../g) || [];

// What the page carries -----------------------------------------------------------------------------------------------

const carried = (kind) => all(`script.${kind}`).find((element) => element.dataset.place === location.hash);

async function unpacked(element) {
  const packed = Uint8Array.from(atob(element.textContent.trim()), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function download(kind, label, suffix, name, path) {
  const element = carried(kind);
  if (!element) {
    return path ? make("p", { class: "elsewhere" }, `${label}${colon()}${t("too_large")} `, make("a", { href: path }, visible(readable(path)))) : null;
  }
  const button = make("button", { type: "button", "data-download": kind }, `↓ ${label}`);
  button.addEventListener("click", async () => {
    const address = URL.createObjectURL(new Blob([await unpacked(element)], { type: "application/octet-stream" }));
    make("a", { href: address, download: name.replace(/[^\w.-]+/g, "_") + suffix }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60000);
  });
  return button;
}

// The way to a conversation and back ----------------------------------------------------------------------------------

let cameFrom = null;

async function route(moveFocus = true) {
  const place = location.hash;
  if (!/^#(cell|case)\//.test(place)) {
    const wasOpen = !storyView.hidden;
    storyView.hidden = true;
    storyView.replaceChildren();
    overview.hidden = false;
    nameThePage();
    if (wasOpen && moveFocus && cameFrom) {
      const mark = all("a", overview).find((link) => link.getAttribute("href") === cameFrom);
      if (mark) { mark.focus({ preventScroll: true }); mark.scrollIntoView({ block: "center" }); }
    }
    return;
  }
  cameFrom = place;
  const element = carried("story");
  let content;
  try {
    content = element
      ? drawStory(JSON.parse(new TextDecoder().decode(await unpacked(element))), element.dataset)
      : [backLinks(), make("h1", { id: "story-title", tabindex: "-1" }, t("not_there")),
        make("p", null, make("code", null, visible(readable(place.slice(1)))))];
  } catch (error) {
    if (typeof DecompressionStream !== "undefined") throw error;
    content = [backLinks(), make("h1", { id: "story-title", tabindex: "-1" }, t("old_browser"))];
  }
  if (location.hash !== place) return;
  storyView.replaceChildren(...content);
  overview.hidden = true;
  storyView.hidden = false;
  nameThePage();
  if (moveFocus) {
    scrollTo(0, 0);
    document.getElementById("story-title").focus({ preventScroll: true });
  }
}

function readable(place) {
  try { return decodeURIComponent(place); } catch { return place; }
}

function nameThePage() {
  const title = storyView.hidden ? null : document.getElementById("story-title");
  document.title = (title ? `${title.textContent} · ` : "") + t("report");
}

function backLinks() {
  const links = make("nav", { class: "ways", "aria-label": t("back") }, make("a", { href: "#", class: "back" }, `← ${t("back")}`));
  const failed = all('script.story[data-failed="1"]').map((element) => element.dataset.place);
  const others = failed.filter((place) => place !== location.hash);
  if (others.length) {
    const next = failed[(failed.indexOf(location.hash) + 1) % failed.length];
    links.append(make("a", { href: next, class: "next" }, `${t("next_failure")} →`));
  }
  return links;
}

addEventListener("hashchange", () => route());
addEventListener("beforeprint", () => all(".verdict details, .failures details").forEach((one) => { one.open = true; }));
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !storyView.hidden && !event.target.closest("select")) location.hash = "";
});

// A conversation ------------------------------------------------------------------------------------------------------

function drawStory(story, beside) {
  const parts = [backLinks(), heading(story), verdict(story)];
  const insights = [story.parting && partingCard(story), ...story.mistakes.map(mistakeCard)].filter(Boolean);
  if (insights.length) parts.push(make("div", { class: "insights" }, ...insights));
  parts.push(conversation(story));
  parts.push(make("div", { class: "downloads" },
    download("record", t("download_record"), ".json", story.name, beside.record),
    download("capture", t("download_capture"), ".pcapng", story.name, beside.capture)));
  return parts;
}

function heading(story) {
  const name = (text) => said("b", text);
  const parts = story.case === null
    ? [name(story.clients), ` ${t("meets")} `, name(story.server)]
    : [name(story.server || story.clients), " · ", said("code", story.name.split("/").slice(4).join("/"))];
  const about = [said("span", story.protocol)];
  if (story.network) about.push(` · ${t("network")}${colon()}`, said("b", story.network));
  if (story.seconds !== null) about.push(` · ${decimal(story.seconds * 1000)} ms`);
  return make("header", { class: "heading" },
    make("h1", { id: "story-title", tabindex: "-1" }, ...parts), make("p", { class: "about" }, ...about));
}

function verdict(story) {
  const sign = { passed: "✓", rough: "≈", failed: "✗" }[story.verdict];
  const box = make("div", { class: `verdict ${story.verdict}` },
    make("p", null, make("span", { class: `badge ${story.verdict}` }, `${sign} ${t(story.verdict)}`), " ",
      story.verdict === "failed" ? make("span", { lang: "en", class: "sentence" }, prose(story.reason)) : story.case ? null : t("understood")));
  if (story.case) box.append(make("p", { class: "about" }, t("case") + colon(), said("span", story.case)));
  if (story.rough) box.append(make("p", { class: "about" }, t("rough_here") + colon(), said("span", story.rough)));
  if (story.problems.length) {
    box.append(make("details", null, make("summary", null, `${t("also")} (${story.problems.length})`),
      make("ul", null, ...story.problems.map((problem) => make("li", { lang: "en" }, prose(problem))))));
  }
  return box;
}

function programLabel(program) {
  return program.member ? `${program.name} (${program.member})` : program.name;
}

function partingCard(story) {
  const { wire, lines } = story.parting;
  const rows = [];
  const consoleRow = (line) => {
    const program = story.programs[line.program];
    const text = [said("code", line.text, { class: line.expected === null ? "line" : "line wrong" })];
    if (line.expected !== null) text.push(make("p", null, `${t("must_be")} `, said("code", line.expected, { class: "line right" })));
    return make("tr", null, make("th", { scope: "row" }, `${t("console_of")} `, said("span", programLabel(program))), make("td", null, ...text));
  };
  const of = (role) => lines.filter((line) => story.programs[line.program].role === role).map(consoleRow);
  const sender = wire ? wire.sender : "client";
  rows.push(...of(sender));
  if (wire) {
    const cell = make("td");
    const field = wire.field === null ? [t("no_field")] : [said("span", `${wire.type} `, { class: "type" }), said("b", wire.field), " = ", said("span", wire.value, { class: "value" })];
    const before = wire.skipped ? make("span", { class: "type" }, `${wire.skipped} ${t("bytes_before")} … `) : null;
    const left = wire.size - (wire.skipped || 0) - bytesOf(wire.bytes).length;
    const behind = left > 0 ? make("span", { class: "type" }, ` … ${left} ${t("more_bytes")}`) : null;
    cell.append(make("p", { class: "come" }, before, hexBytes(wire.bytes, wire.expected && wire.expected.bytes, wire.field === null), behind, " ", ...field));
    if (wire.expected) {
      cell.append(make("p", { class: "must" }, `${t("must_be")} `, hexBytes(wire.expected.bytes), " ", said("span", `= ${wire.expected.value}`)));
    }
    cell.append(make("p", { class: "about" }, `${t("sent_by")} ${t(wire.sender)} · ${t("at_byte")} ${wire.offset} ${t("of_connection")} ${wire.connection}`));
    rows.push(make("tr", { class: wire.expected || wire.field === null ? "wire wrong" : "wire" }, make("th", { scope: "row" }, t("on_the_wire")), cell));
  }
  rows.push(...of(sender === "client" ? "server" : "client"));
  return make("section", { class: "card parting", "aria-labelledby": "parting-title" },
    make("h2", { id: "parting-title" }, t("parting")), make("p", { class: "about" }, t(story.case === null ? "parting_about" : "parting_of_case")),
    make("table", null, make("thead", { class: "unseen" }, make("tr", null, make("th", { scope: "col" }, t("account")), make("th", { scope: "col" }, t("it_says")))),
      make("tbody", null, ...rows)));
}

function mistakeCard(mistake) {
  const english = (tag, text) => make(tag, { lang: "en" }, prose(text));
  const sure = mistake.guess ? ` (${t("guess")}, ${Math.round(100 * mistake.confidence)} %)` : "";
  const detail = mistake.detail ? mistake.detail[0].toUpperCase() + mistake.detail.slice(1) + "." : "";
  return make("section", { class: "card mistake", "aria-labelledby": "mistake-title" },
    make("p", { class: "kind" }, t("mistake") + sure),
    make("h2", { id: "mistake-title" }, said("span", mistake.title)),
    english("p", mistake.description), detail ? english("p", detail) : null,
    make("dl", null, make("dt", null, t("in_python")), english("dd", mistake.python),
      make("dt", null, t("in_java")), english("dd", mistake.java)));
}

function hexBytes(hex, expected, wrong = false) {
  const right = expected ? bytesOf(expected) : null;
  const box = make("code", { class: "bytes" });
  bytesOf(hex).forEach((byte, index) => {
    const differs = wrong || (right && right[index] !== byte);
    box.append(index ? " " : "", differs ? make("mark", null, byte.toUpperCase()) : byte.toUpperCase());
  });
  return box;
}

// The sequence drawing ------------------------------------------------------------------------------------------------

const SOON = 0.001; // seconds; what the tap held back no longer is not worth a word
const FEW_CONNECTIONS = 5;
const MANY_ROWS = 250;
const MANY_LINES = 12;
const FEW_LINES = 4;

function conversation(story) {
  const numbers = [...new Set(story.rows.filter((row) => row.c).map((row) => row.c))];
  const section = make("section", { class: "conversation", "aria-labelledby": "conversation-title" },
    make("h2", { id: "conversation-title" }, t("conversation")), make("p", { class: "about" }, t("conversation_about")));
  const place = make("div", { class: "place" });
  const marked = story.parting && story.parting.wire ? story.parting.wire.connection : numbers[0];
  const draw = (number) => place.replaceChildren(table(story, number));
  let first = null;
  if (numbers.length > 1) {
    const select = make("select", { id: "connection" }, make("option", { value: "" }, t("all_connections")),
      ...numbers.map((number) => make("option", { value: number }, `${number}`)));
    if (numbers.length > FEW_CONNECTIONS) first = marked;
    select.value = first === null ? "" : String(first);
    select.addEventListener("change", () => draw(select.value === "" ? null : Number(select.value)));
    section.append(make("p", { class: "choice" }, make("label", null, `${t("connection")} `, select), " ", make("span", { class: "about" }, t("of_any"))));
  }
  draw(first);
  section.append(place);
  return section;
}

function table(story, number) {
  const mine = story.rows.filter((row) => number === null || row.c === number || row.m || row.k === "gap");
  const rows = moments(mine, story.programs);
  const several = number === null && new Set(mine.filter((row) => row.c).map((row) => row.c)).size > 1;
  const body = make("tbody", { role: "rowgroup" }, ...rows.slice(0, MANY_ROWS).map((row) => momentRow(row, story, several)));
  const marked = rows.findIndex((row, index) => index >= MANY_ROWS && row.marked);
  const drawn = make("table", { class: "timeline", role: "table", "aria-labelledby": "conversation-title" },
    make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, ...columns(story))), body);
  if (rows.length <= MANY_ROWS) return drawn;
  const more = make("button", { type: "button", class: "more" }, `${t("elided_lines")} (${rows.length - MANY_ROWS})`);
  const rest = () => {
    body.append(...rows.slice(MANY_ROWS).map((row) => momentRow(row, story, several)));
    more.remove();
  };
  more.addEventListener("click", rest);
  const both = make("div", null, drawn, more);
  if (marked >= 0) rest();
  return both;
}

// The rows of each moment, by the column that they stand in.
function moments(rows, programs) {
  const made = [];
  let now = null;
  for (const row of rows) {
    if (!now || row.k === "gap" || now.gap || row.g !== now.number) {
      made.push(now = { number: row.g, client: [], wire: [], server: [], gap: row.k === "gap", marked: false });
    }
    now[row.k === "line" ? programs[row.p].role : "wire"].push(row);
    now.marked = now.marked || Boolean(row.m);
  }
  return made;
}

function columns(story) {
  const heads = { client: [], server: [] };
  const counted = new Map();
  for (const program of story.programs) {
    const status = program.status === undefined ? "" : program.status === null ? t("was_stopped") : `${t("ended_with")} ${program.status}`;
    counted.set(`${program.role}\n${program.name}\n${status}`, [...(counted.get(`${program.role}\n${program.name}\n${status}`) || []), program.member]);
  }
  for (const [key, members] of counted) {
    const [role, name, status] = key.split("\n");
    const who = members.filter(Boolean).join(", ");
    heads[role].push(make("span", { class: "whose" }, said("b", name), who ? said("span", ` (${who})`) : "", status ? make("small", null, ` ${status}`) : ""));
  }
  const column = (role) => make("th", { role: "columnheader", scope: "col", class: role },
    make("span", { class: "kind" }, `${t("console_of")} ${t(role)}`), ...(heads[role].length ? heads[role] : [make("span", { class: "whose" }, t("harness"))]));
  const middle = story.case === null ? t("tap") : t("harness");
  const lanes = make("span", { class: "lanes" }, make("span", null, t("client")), make("span", null, middle), make("span", null, t("server")));
  return [column("client"), make("th", { role: "columnheader", scope: "col", class: "wire" }, make("span", { class: "kind" }, t("on_the_wire")), lanes), column("server")];
}

function momentRow(row, story, several) {
  if (row.gap) {
    return make("tr", { role: "row", class: "gap" }, make("td", { role: "cell", colspan: "3" }, `⋮ ${row.wire[0].n} ${t("left_out")} ⋮`));
  }
  const cells = ["client", "wire", "server"].map((slot) => {
    const label = slot === "wire" ? t("on_the_wire") : `${t("console_of")} ${t(slot)}`;
    const items = row[slot];
    const cell = make("td", { role: "cell", class: slot });
    if (items.length) cell.append(make("span", { class: "who" }, label));
    if (slot === "wire") cell.append(...items.map((item) => wireItem(item, story, several)));
    else cell.append(...consoleLines(items, story));
    return cell;
  });
  const back = row.wire.length && row.wire[0].s === "server";
  return make("tr", { role: "row", class: `${back ? "back" : "forth"}${row.marked ? " m" : ""}` }, ...cells);
}

const clock = (seconds) => make("time", null, decimal(1000 * seconds));
const here = () => make("span", { class: "here" }, `✗ ${t("here")}`);

// A crowd prints the same line a hundred times: of many in a row, the first few, and the others when asked for.
function consoleLines(items, story) {
  const lines = items.map((item) => consoleLine(item, story));
  if (lines.length <= MANY_LINES) return lines;
  const rest = lines.slice(FEW_LINES);
  const open = items.slice(FEW_LINES).some((item) => item.m);
  return [...lines.slice(0, FEW_LINES),
    make("details", { class: "run", open }, make("summary", null, `${rest.length} ${t("lines_more")}`), ...rest)];
}

function consoleLine(item, story) {
  const program = story.programs[item.p];
  const several = story.programs.filter((other) => other.role === program.role).length > 1;
  const text = make("span", { class: "text", lang: "fr" }, visible(item.x));
  return make("div", { class: `line${item.err ? " err" : ""}${item.m ? " m" : ""}` }, clock(item.t),
    several ? said("span", `${program.member || program.name} `, { class: "member" }) : null,
    item.err ? make("span", { class: "stream" }, `${t("error_output")} `) : null, text,
    item.cut ? make("span", { class: "stream" }, ` (${t("no_line_end")})`) : null, item.m ? here() : null);
}

const EVENTS = { opened: "connects", end: "ends", reset: "resets", refused: "refuses" };

function wireItem(item, story, several) {
  const number = several ? make("span", { class: "number", title: `${t("connection")} ${item.c}` }, `#${item.c}`) : null;
  if (item.k in EVENTS) {
    const detail = item.x ? said("span", ` ${item.x}`) : null;
    return make("div", { class: `event ${item.s}` }, make("p", null, clock(item.t), number, `${t(item.s)} ${t(EVENTS[item.k])}`, detail));
  }
  const right = item.s === "client";
  const wrong = item.m && (item.must || item.k === "bytes");
  const name = item.k === "field"
    ? [said("span", item.y, { class: "type" }), " ", said("b", item.f), " = ", said("span", item.v, { class: "value" })]
    : [make("span", { class: "type" }, `${item.n} ${t("unread")}`)];
  const legs = [leg(item.in, item, wrong), item.out.length || !item.n ? leg(item.out, item, wrong) : make("div", { class: "leg lost" }, make("span", null, t("never_passed_on")))];
  if (item.w !== undefined && item.w - item.t > SOON) legs[1].append(make("span", { class: "later" }, `+${decimal(1000 * (item.w - item.t))} ms`));
  const box = make("div", { class: `message ${right ? "right" : "left"}${item.m ? " m" : ""}` },
    make("p", { class: "caption" }, clock(item.t), number, unseen(`${t(item.s)} → ${t(right ? "server" : "client")}: `), ...name),
    make("div", { class: "legs" }, ...(right ? legs : [...legs].reverse())));
  if (item.m) {
    const must = item.must ? [` · ${t("must_be")} `, hexBytes(item.must.bytes), said("span", ` = ${item.must.value}`)] : [];
    box.append(make("p", { class: "note" }, here(), ...must));
  }
  return box;
}

function leg(pieces, item, wrong) {
  const expected = item.must ? bytesOf(item.must.bytes) : null;
  const box = make("div", { class: "leg" });
  let at = item.z || 0;
  if (at) box.append(make("span", { class: "rest" }, `${at} ${t("bytes_before")} …`));
  for (const [hex, before, behind] of pieces) {
    const piece = make("code", { class: `piece${before ? " before" : ""}${behind ? " behind" : ""}` });
    bytesOf(hex).forEach((byte, index) => {
      const differs = wrong && (!expected || expected[at - (item.z || 0) + index] !== byte);
      piece.append(index ? " " : "", differs ? make("mark", null, byte.toUpperCase()) : byte.toUpperCase());
    });
    at += hex.length / 2;
    box.append(piece);
  }
  if (!item.n) box.append(make("span", { class: "rest" }, t("no_bytes")));
  if (at < item.n) box.append(make("span", { class: "rest" }, `… ${item.n - at} ${t("more_bytes")}`));
  return box;
}

// The filter ----------------------------------------------------------------------------------------------------------

const filters = document.querySelector(".filters");

function filter() {
  const [program, network, verdict] = ["by-program", "by-network", "by-verdict"].map((id) => document.getElementById(id).value);
  let count = 0;
  for (const grid of all("table.grid")) {
    const columns = new Map();
    for (const row of all("tbody tr", grid)) {
      let inRow = 0;
      for (const place of all("td", row)) {
        const met = !program || row.dataset.server === program || place.dataset.client === program;
        let inPlace = 0;
        for (const mark of all(".mark", place)) {
          mark.hidden = !(met && (!network || mark.dataset.network === network) && (!verdict || mark.dataset.verdict === verdict));
          inPlace += !mark.hidden;
        }
        place.classList.toggle("empty", !inPlace);
        columns.set(place.dataset.client, (columns.get(place.dataset.client) || 0) + inPlace);
        inRow += inPlace;
      }
      row.hidden = !inRow;
      count += inRow;
    }
    for (const cell of all("[data-client]", grid)) cell.hidden = !columns.get(cell.dataset.client);
    grid.closest("section").hidden = ![...columns.values()].some(Boolean);
  }
  for (const table of all("table.rows")) {
    let inTable = 0;
    for (const cell of all("[data-program]", table)) cell.hidden = Boolean(program) && cell.dataset.program !== program;
    for (const body of all("tbody:not(.stem)", table)) {
      let inBody = 0;
      for (const row of all("tr", body)) {
        const dots = all("[data-verdict]", row).filter((dot) => !dot.closest("td").hidden && (!verdict || dot.dataset.verdict === verdict));
        row.hidden = !dots.length || Boolean(network);
        inBody += row.hidden ? 0 : dots.length;
      }
      const head = body.previousElementSibling; // of a group that folds
      if (body.classList.contains("folds")) {
        head.hidden = !inBody;
        if (verdict && inBody) fold(head.querySelector(".fold"), true); // what was asked for is not to be looked for
      }
      inTable += inBody;
    }
    table.closest("section").hidden = !inTable;
    count += inTable;
  }
  document.getElementById("shown").textContent = count;
}

filters.addEventListener("change", filter);
filters.addEventListener("reset", () => setTimeout(filter));
filters.addEventListener("submit", (event) => event.preventDefault());

// Groups of cases -----------------------------------------------------------------------------------------------------

function fold(button, open) {
  button.setAttribute("aria-expanded", String(open));
  button.closest("tbody").nextElementSibling.classList.toggle("folded", !open);
}

function foldAll(button, open) {
  button.setAttribute("aria-expanded", String(open));
  for (const one of all(".fold", button.closest("section"))) fold(one, open);
}

function nameTheFold(button) {
  button.textContent = t(isOpen(button) ? "close_all" : "open_all");
}

for (const button of all(".fold")) button.addEventListener("click", () => fold(button, !isOpen(button)));
for (const button of all(".fold-all")) {
  button.addEventListener("click", () => { foldAll(button, !isOpen(button)); nameTheFold(button); });
  foldAll(button, false);
  nameTheFold(button);
}

// Arrow keys from mark to mark ----------------------------------------------------------------------------------------

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

document.addEventListener("keydown", (event) => {
  const mark = event.target.closest("td a.mark, td a.dot");
  if (!mark || !(event.key in STEPS)) return;
  const [down, across] = STEPS[event.key];
  const rows = all("tr", mark.closest("table")).filter((row) => !row.hidden && row.querySelector("a.mark:not([hidden]), a.dot"));
  const row = mark.closest("tr");
  const inRow = (where) => all("a.mark:not([hidden]), a.dot", where);
  const place = inRow(row).indexOf(mark) + across;
  const target = inRow(rows[rows.indexOf(row) + down] || row)[place];
  if (target) { event.preventDefault(); target.focus(); }
});

// -------------------------------------------------------------------------------------------------------------------

if (remembered("conformance-theme")) setTheme(remembered("conformance-theme"));
if (language !== "en") translate();
route();
