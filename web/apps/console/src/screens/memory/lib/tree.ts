import type { Namespace } from "@timeloom/client";

/** A segment of the names of namespaces. */
export interface TreeNode {
  /** The last segment. */
  readonly label: string;
  /** The whole name. */
  readonly name: string;
  /** Memories here and below. */
  readonly count: number;
  readonly children: readonly TreeNode[];
}

/** The tree of namespaces: what is between two of them is there, too, even if no memory is. */
export function treeOf(namespaces: readonly Pick<Namespace, "name" | "memoryCount">[]): TreeNode[] {
  const own = new Map<string, number>();
  const children = new Map<string, Set<string>>();
  for (const { name, memoryCount } of namespaces) {
    own.set(name, memoryCount);
    const segments = name.split("/");
    for (let depth = 0; depth < segments.length; depth += 1) {
      const parent = segments.slice(0, depth).join("/");
      const known = children.get(parent) ?? new Set<string>();
      children.set(parent, known.add(segments.slice(0, depth + 1).join("/")));
    }
  }
  const nodesBelow = (parent: string): TreeNode[] =>
    [...(children.get(parent) ?? [])].sort().map((name) => {
      const below = nodesBelow(name);
      const count = below.reduce((sum, each) => sum + each.count, own.get(name) ?? 0);
      return { label: name.slice(parent === "" ? 0 : parent.length + 1), name, count, children: below };
    });
  return nodesBelow("");
}

/** A line of the tree as it is shown. */
export interface TreeLine extends TreeNode {
  readonly depth: number;
  readonly isOpen: boolean;
}

/** The lines that are in sight: children of what is closed are not. */
export function linesOf(nodes: readonly TreeNode[], closed: ReadonlySet<string>, depth = 0): TreeLine[] {
  return nodes.flatMap((node) => {
    const isOpen = !closed.has(node.name);
    return [{ ...node, depth, isOpen }, ...(isOpen ? linesOf(node.children, closed, depth + 1) : [])];
  });
}

/** Whether a namespace is another one or below it; everything is below the empty one. */
export function isWithin(namespace: string, place: string): boolean {
  return place === "" || namespace === place || namespace.startsWith(`${place}/`);
}
