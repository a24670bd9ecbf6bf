/**
 * Which lines of a folded JSON tree are to be seen, and where in it a text is found. Pure: the tree,
 * what is open and how much of each list was asked for go in, a flat list of lines comes out, so
 * that depth costs nothing and what is folded costs nothing either.
 */
import { jsonInside, type JsonNode } from "./json";

/** Children shown at first, and with every further request. */
export const CHUNK = 200;

export interface TreeLine {
  /** Stable within one tree: the positions of the members from the root, joined by "/". */
  id: string;
  /** 1 for the outermost. */
  level: number;
  position: number;
  siblings: number;
  key: string;
  /** "LogData.Error[2]" */
  path: string;
  /** The names of the members below the root; places in lists are not among them. */
  members: string[];
  /** Within JSON that stands in a text. */
  embedded: boolean;
  node: JsonNode;
  /** Null where there is nothing to open. */
  open: boolean | null;
  /** The text of this line holds JSON, which opening shows. */
  inside: boolean;
  /** A line that stands for so many members that are not shown: those before, or those after. */
  more: number | null;
  side: "before" | "after" | null;
}

/** The part of a container's members that is shown. */
export interface Part {
  first: number;
  end: number;
}

export interface TreeState {
  open: ReadonlySet<string>;
  /** The part of a container that was asked for, where it is not the first CHUNK of it. */
  shown: ReadonlyMap<string, Part>;
}

type Container = JsonNode & { kind: "object" | "array" };

interface Member {
  key: string;
  path: string;
  /** The name that leads here; null in a list. */
  name: string | null;
  node: JsonNode;
}

export type Roots = { key: string; node: JsonNode }[];

const parsedInside = new WeakMap<object, JsonNode | null>();

/** The container a line opens into: itself, or the JSON its text holds. */
export function containerOf(node: JsonNode): Container | null {
  if (node.kind === "object" || node.kind === "array") return node;
  if (node.kind !== "string") return null;
  let inside = parsedInside.get(node);
  if (inside === undefined) {
    inside = jsonInside(node.value);
    parsedInside.set(node, inside);
  }
  return inside && (inside.kind === "object" || inside.kind === "array") ? inside : null;
}

export function sizeOf(node: JsonNode): number {
  if (node.kind === "object") return node.entries.length;
  return node.kind === "array" ? node.items.length : 0;
}

function memberAt(container: Container, index: number, path: string): Member | null {
  if (container.kind === "array") {
    const node = container.items[index];
    return node ? { key: String(index), path: `${path}[${index}]`, name: null, node } : null;
  }
  const entry = container.entries[index];
  if (!entry) return null;
  const plain = /^[A-Za-z_$][\w$]*$/.test(entry.key);
  const step = plain ? (path ? `.${entry.key}` : entry.key) : `[${JSON.stringify(entry.key)}]`;
  return { key: entry.key, path: path + step, name: entry.key, node: entry.value };
}

export function treeLines(roots: Roots, state: TreeState): TreeLine[] {
  const lines: TreeLine[] = [];
  interface Level {
    container: Container;
    id: string;
    path: string;
    members: string[];
    embedded: boolean;
    next: number;
    end: number;
  }
  const stack: Level[] = [];

  const more = (level: Level, side: "before" | "after", count: number): void => {
    lines.push({
      id: `${level.id}/${side}`,
      level: stack.length + 1,
      position: side === "before" ? count : level.end + 1,
      siblings: sizeOf(level.container),
      key: "",
      path: level.path,
      members: level.members,
      embedded: level.embedded,
      node: level.container,
      open: null,
      inside: false,
      more: count,
      side,
    });
  };

  const emit = (member: Member, id: string, position: number, siblings: number): void => {
    const above = stack.at(-1);
    const container = containerOf(member.node);
    const openable = container !== null && sizeOf(container) > 0;
    const open = openable ? state.open.has(id) : null;
    const inside = container !== null && member.node.kind === "string";
    const members =
      above && member.name !== null ? [...above.members, member.name] : (above?.members ?? []);
    const embedded = above?.embedded ?? false;
    lines.push({
      id,
      level: stack.length + 1,
      position,
      siblings,
      key: member.key,
      path: member.path,
      members,
      embedded,
      node: member.node,
      open,
      inside,
      more: null,
      side: null,
    });
    if (open && container) {
      const { first, end } = state.shown.get(id) ?? { first: 0, end: CHUNK };
      const level = {
        container,
        id,
        path: member.path,
        members,
        embedded: embedded || inside,
        next: first,
        end: Math.min(sizeOf(container), end),
      };
      stack.push(level);
      if (first > 0) more(level, "before", first);
    }
  };

  roots.forEach((root, i) => {
    const member = { key: root.key, path: root.key, name: null, node: root.node };
    emit(member, String(i), i + 1, roots.length);
    for (let level = stack.at(-1); level; level = stack.at(-1)) {
      const size = sizeOf(level.container);
      if (level.next < level.end) {
        const index = level.next;
        level.next += 1;
        const member = memberAt(level.container, index, level.path);
        if (member) emit(member, `${level.id}/${index}`, index + 1, size);
        continue;
      }
      if (level.end < size) more(level, "after", size - level.end);
      stack.pop();
    }
  });
  return lines;
}

/** What to open at first: the outermost containers, and theirs while few. */
export function openAtFirst(roots: { node: JsonNode }[]): Set<string> {
  const open = new Set<string>();
  roots.forEach((root, i) => {
    const container = containerOf(root.node);
    if (!container) return;
    open.add(String(i));
    if (sizeOf(container) > 20) return;
    for (let child = 0; child < sizeOf(container); child += 1) {
      const member = memberAt(container, child, "");
      const inner = member && member.node.kind !== "string" ? containerOf(member.node) : null;
      if (inner && sizeOf(inner) <= 12) open.add(`${i}/${child}`);
    }
  });
  return open;
}

/** A value of a tree, however deep: its path and itself. */
export interface Leaf {
  id: string;
  path: string;
  node: JsonNode;
}

/**
 * Every line of the tree as if all were open, outermost first, until `visit` answers false. Texts
 * that hold JSON are gone into. No recursion.
 */
export function walkTree(roots: Roots, visit: (leaf: Leaf & { key: string }) => boolean): void {
  for (const [i, root] of roots.entries()) {
    const first = { id: String(i), key: root.key, path: root.key, node: root.node };
    if (!visit(first)) return;
    const stack: { container: Container; id: string; path: string; next: number }[] = [];
    const enter = ({ id, path, node }: Leaf) => {
      const container = containerOf(node);
      if (container) stack.push({ container, id, path, next: 0 });
    };
    enter(first);
    for (let level = stack.at(-1); level; level = stack.at(-1)) {
      const index = level.next;
      level.next += 1;
      const member = memberAt(level.container, index, level.path);
      if (!member) {
        stack.pop();
        continue;
      }
      const leaf = { id: `${level.id}/${index}`, ...member };
      if (!visit(leaf)) return;
      enter(leaf);
    }
  }
}

/** The lines whose name or value has the text, in their order; no more than `most`. */
export function findInTree(roots: Roots, text: string, most: number): string[] {
  const wanted = text.toLowerCase();
  const found: string[] = [];
  if (!wanted) return found;
  walkTree(roots, ({ id, key, node }) => {
    const value =
      node.kind === "plain"
        ? node.source
        : node.kind === "string" && !containerOf(node)
          ? node.value
          : "";
    if (key.toLowerCase().includes(wanted) || value.toLowerCase().includes(wanted)) found.push(id);
    return found.length < most;
  });
  return found;
}

/** What must be open, and which part of it shown, for a line to be seen. */
export function wayTo(id: string): { id: string; index: number; part: Part }[] {
  const steps = id.split("/");
  return steps.slice(1).map((step, i) => {
    const index = Number(step);
    const first = Math.floor(index / CHUNK) * CHUNK;
    return { id: steps.slice(0, i + 1).join("/"), index, part: { first, end: first + CHUNK } };
  });
}
