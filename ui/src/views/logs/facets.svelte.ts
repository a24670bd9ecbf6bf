/** The values beside the list: which are shown, how many rows have them, and what a tick writes. */
import { backend, type Facet, type FacetField, type FacetValue } from "../../backend";
import { Latest } from "../../lib/latest";
import { FAMILIES } from "../../lib/severity";
import type { QueryState } from "./query.svelte";

/** So many values of a field are shown before more are asked for. */
export const FEW_VALUES = 6;
export const MORE_VALUES = 25;
const MOST_VALUES = 500;
/** While rows stream in, counts are brought up to date no more often than this. */
export const FACETS_GAP_MS = 300;

export const FACET_FIELDS: { field: FacetField; label: string; none: string }[] = [
  { field: "severity", label: "Severity", none: "no severity" },
  { field: "tenant", label: "Tenant", none: "no tenant" },
  { field: "user", label: "User", none: "no user" },
  { field: "api", label: "API", none: "no API" },
  { field: "ip", label: "IP address", none: "no IP address" },
  { field: "app", label: "App", none: "no app" },
  { field: "template", label: "Template", none: "no template" },
];

/** What a tick does to a value. */
export type Tick = "include" | "only" | "exclude";

interface Host {
  readonly viewId: string | null;
  readonly query: QueryState;
  failed(error: unknown): void;
}

export class FacetsState {
  /** Whether they are on the screen; said by whoever shows them. */
  shown = $state(true);
  /** The facets counted last, by field. */
  byField = $state.raw<Partial<Record<FacetField, Facet>>>({});
  /** The filter with which they were counted: they come after the rows of a new one. */
  countedFor = $state("");
  /** What is searched for within a field. */
  typed = $state<Partial<Record<FacetField, string>>>({});
  /** How many values of a field are asked for, where it is not the usual few. */
  most = $state<Partial<Record<FacetField, number>>>({});

  readonly #host: Host;
  readonly #soon = new Latest(() => this.#count(), FACETS_GAP_MS);

  constructor(host: Host) {
    this.#host = host;
  }

  /** Counts anew, unless nobody sees it. */
  ask(): void {
    if (this.shown) this.#soon.ask();
  }

  leave(): void {
    this.#soon.stop();
    this.byField = {};
    this.typed = {};
    this.most = {};
  }

  search(field: FacetField, typed: string): void {
    this.typed = { ...this.typed, [field]: typed };
    this.ask();
  }

  showMore(field: FacetField): void {
    const now = this.most[field] ?? FEW_VALUES;
    this.most = {
      ...this.most,
      [field]: Math.min(MOST_VALUES, now === FEW_VALUES ? MORE_VALUES : now * 2),
    };
    this.ask();
  }

  showFewer(field: FacetField): void {
    this.most = { ...this.most, [field]: FEW_VALUES };
    this.typed = { ...this.typed, [field]: "" };
    this.ask();
  }

  tick(kind: Tick, field: FacetField, value: string): Promise<void> {
    return this.#host.query.edit({ kind, field, path: [], value });
  }

  async #count(): Promise<void> {
    const { viewId } = this.#host;
    if (!viewId) return;
    const filter = this.#host.query.applied;
    const special = FACET_FIELDS.map(({ field }) => field).filter(
      (field) => this.typed[field] || (this.most[field] ?? FEW_VALUES) !== FEW_VALUES,
    );
    const usual = FACET_FIELDS.map(({ field }) => field).filter(
      (field) => !special.includes(field),
    );
    try {
      const answers = await Promise.all([
        // Severities are few: all of them.
        backend.logsFacets(viewId, usual, "", Math.max(FEW_VALUES, FAMILIES.length)),
        ...special.map((field) =>
          backend.logsFacets(
            viewId,
            [field],
            this.typed[field] ?? "",
            this.most[field] ?? MORE_VALUES,
          ),
        ),
      ]);
      if (viewId !== this.#host.viewId) return;
      this.byField = Object.fromEntries(
        answers.flatMap(({ facets }) => facets).map((facet) => [facet.field, inOrder(facet)]),
      );
      this.countedFor = filter;
    } catch (error) {
      this.#host.failed(error);
    }
  }
}

/** Severities stand in their own order, everything else as it was counted. */
function inOrder(facet: Facet): Facet {
  if (facet.field !== "severity") return facet;
  const rank = ({ value }: FacetValue) => FAMILIES.findIndex(({ id }) => id === value);
  return { ...facet, values: [...facet.values].sort((a, b) => rank(a) - rank(b)) };
}
