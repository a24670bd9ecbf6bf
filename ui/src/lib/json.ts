/**
 * JSON as it was sent: numbers keep their digits, keys their order and their doubles, and no depth
 * breaks it (no recursion). `JSON.parse` would round long numbers and drop doubled keys.
 * Reading and indenting live here; folding lives in json-tree.ts.
 */

export type JsonNode =
  | { kind: "object"; entries: { key: string; value: JsonNode }[] }
  | { kind: "array"; items: JsonNode[] }
  | { kind: "string"; value: string }
  /** A number, true, false or null, exactly as written. */
  | { kind: "plain"; source: string };

const SPACE = /[ \t\r\n]*/y;
const PLAIN = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** One past the closing quote of the string that begins at `at`, or -1 where it never closes. */
function stringEnd(text: string, at: number): number {
  // Not a regular expression: those keep a step per character, and texts here can be megabytes.
  for (let quote = text.indexOf('"', at + 1); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let slashes = 0;
    while (text[quote - 1 - slashes] === "\\") slashes += 1;
    if (slashes % 2 === 0) return quote + 1;
  }
  return -1;
}

/** The parsed text, or null where it is not JSON. */
export function parseJson(text: string): JsonNode | null {
  const stack: { node: JsonNode & { kind: "object" | "array" }; key: string | null }[] = [];
  let at = 0;
  let root: JsonNode | null = null;

  const match = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (!found) return null;
    at = pattern.lastIndex;
    return found[0];
  };
  const string = (): string | null => {
    const end = text[at] === '"' ? stringEnd(text, at) : -1;
    if (end === -1) return null;
    const source = text.slice(at, end);
    at = end;
    try {
      // Control characters are not allowed in JSON strings, yet CIPP's rows can hold them.
      return JSON.parse(
        source.replace(/[\n\r\t]/g, (c) => JSON.stringify(c).slice(1, -1)),
      ) as string;
    } catch {
      return source.slice(1, -1);
    }
  };
  const place = (node: JsonNode): void => {
    const top = stack.at(-1);
    if (!top) root = node;
    else if (top.node.kind === "array") top.node.items.push(node);
    else top.node.entries.push({ key: top.key ?? "", value: node });
  };
  /** Reads the key and colon of the next member where the innermost container is an object. */
  const key = (): boolean => {
    const top = stack.at(-1);
    if (top?.node.kind !== "object") return true;
    match(SPACE);
    const name = string();
    match(SPACE);
    if (name === null || text[at] !== ":") return false;
    at += 1;
    top.key = name;
    return true;
  };

  for (;;) {
    match(SPACE);
    const first = text[at];
    if (first === "{" || first === "[") {
      at += 1;
      const node: JsonNode & { kind: "object" | "array" } =
        first === "{" ? { kind: "object", entries: [] } : { kind: "array", items: [] };
      place(node);
      stack.push({ node, key: null });
      match(SPACE);
      if (text[at] !== (first === "{" ? "}" : "]")) {
        if (!key()) return null;
        continue;
      }
    } else {
      const value = first === '"' ? string() : null;
      const source = first === '"' ? null : match(PLAIN);
      if (value !== null) place({ kind: "string", value });
      else if (source !== null) place({ kind: "plain", source });
      else return null;
    }
    // After a value: close what is finished, then go on with the next member.
    for (;;) {
      match(SPACE);
      const top = stack.at(-1);
      if (!top) return at === text.length ? root : null;
      if (text[at] === (top.node.kind === "object" ? "}" : "]")) {
        at += 1;
        stack.pop();
        continue;
      }
      if (text[at] !== ",") return null;
      at += 1;
      if (!key()) return null;
      break;
    }
  }
}

/** Beyond this depth lines are no longer indented further: 200 KB of brackets must not become gigabytes. */
const DEEPEST_INDENT = 24;

/** The JSON text over several lines, every token untouched. Text that is no JSON comes back as it is. */
export function indentJson(text: string): string {
  const out: string[] = [];
  let depth = 0;
  let at = 0;
  const newline = () => out.push("\n", "  ".repeat(Math.min(depth, DEEPEST_INDENT)));
  while (at < text.length) {
    const c = text[at] ?? "";
    if (c === '"') {
      const end = stringEnd(text, at);
      if (end === -1) return text;
      out.push(text.slice(at, end));
      at = end;
      continue;
    }
    at += 1;
    if (c === "{" || c === "[") {
      SPACE.lastIndex = at;
      SPACE.exec(text);
      const next = SPACE.lastIndex;
      if (text[next] === (c === "{" ? "}" : "]")) {
        out.push(c, text[next] ?? "");
        at = next + 1;
        continue;
      }
      depth += 1;
      out.push(c);
      newline();
    } else if (c === "}" || c === "]") {
      depth = Math.max(0, depth - 1);
      newline();
      out.push(c);
    } else if (c === ",") {
      out.push(c);
      newline();
    } else if (c === ":") out.push(": ");
    else if (!/[ \t\r\n]/.test(c)) out.push(c);
  }
  return out.join("");
}

/** Back to JSON text, indented. No recursion. */
export function printJson(node: JsonNode): string {
  const out: string[] = [];
  const work: (JsonNode | string)[] = [node];
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    if (typeof next === "string") out.push(next);
    else if (next.kind === "string") out.push(JSON.stringify(next.value));
    else if (next.kind === "plain") out.push(next.source);
    else if (next.kind === "array") {
      work.push("]");
      for (let i = next.items.length - 1; i >= 0; i -= 1) {
        const item = next.items[i];
        if (item) work.push(item);
        if (i > 0) work.push(",");
      }
      work.push("[");
    } else {
      work.push("}");
      for (let i = next.entries.length - 1; i >= 0; i -= 1) {
        const entry = next.entries[i];
        if (entry) work.push(entry.value, `${JSON.stringify(entry.key)}:`);
        if (i > 0) work.push(",");
      }
      work.push("{");
    }
  }
  return indentJson(out.join(""));
}

/** What a person wants on the clipboard: a string without its quotes, everything else as JSON. */
export function valueText(node: JsonNode): string {
  if (node.kind === "string") return node.value;
  return node.kind === "plain" ? node.source : printJson(node);
}

/** A text that itself holds a JSON object or list, as CIPP's RawError often does; else null. */
export function jsonInside(text: string): JsonNode | null {
  const trimmed = text.trim();
  const ends = `${trimmed[0] ?? ""}${trimmed.at(-1) ?? ""}`;
  if (ends !== "{}" && ends !== "[]") return null;
  const node = parseJson(trimmed);
  return node && (node.kind === "object" || node.kind === "array") ? node : null;
}
