// What a run needs of the writer of its IPVS rules. All rules of a run are one transaction, made in
// stages between the other settings; transaction/directorrun.ts is the real one.
import type { Resource, ResourceKind, ResourceState } from './resources.js';

const RULE_KINDS = ['service', 'timeouts', 'daemon'] as const;

/** The kinds of resources that IPVS holds. */
export type RuleKind = (typeof RULE_KINDS)[number];

/** A resource of the rules, and the state that it is to have. */
export interface RuleTarget {
  readonly resource: Resource<RuleKind>;
  readonly state: ResourceState<RuleKind>;
}

export interface RuleChanges {
  /** The state before the run. @throws IpvsError or BackendError as the backend does */
  state(resource: Resource<RuleKind>): Promise<ResourceState<RuleKind>>;
  /** What keeps a resource, so that the run leaves it alone: a line; undefined = nothing. */
  keptBy(resource: Resource<RuleKind>): Promise<string | undefined>;
  /**
   * Plans and checks all changes and records them. Nothing is changed yet.
   * @throws LvsctlError when they are refused; a system error of the history
   */
  begin(targets: readonly RuleTarget[]): Promise<void>;
  /**
   * Makes the changes of some resources.
   * @throws CommandError at the first that is refused; those before it have taken effect
   */
  make(resources: readonly Resource<RuleKind>[]): Promise<void>;
  /**
   * Makes these resources as they were before the run.
   * @param before called if there is something to change, ahead of the first change
   * @throws CommandError with what is not as before, a line each
   */
  takeBack(resources: readonly Resource<RuleKind>[], before: () => void): Promise<void>;
  /**
   * Records the outcome.
   * @param failure why the run failed; the rules were taken back then
   * @returns what is not as planned although every change took effect; undefined = nothing
   */
  end(failure?: string): Promise<string | undefined>;
}

/** Whether a resource is one that IPVS holds. */
export function isRule(resource: Resource): resource is Resource<RuleKind> {
  const kinds: readonly ResourceKind[] = RULE_KINDS;
  return kinds.includes(resource.kind);
}
