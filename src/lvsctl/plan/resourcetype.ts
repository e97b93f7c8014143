// What is to be known of a type of resource: something on the machine that has a state.
import type { PlanCommand } from './command.js';
import type { Machine } from './machine.js';

/**
 * One type of resource.
 * @typeParam Resource what identifies a resource of the type
 * @typeParam State plain JSON, so that it can be kept in the journal
 */
export interface ResourceType<Resource, State> {
  /** others set it as well: a later change by another program is left alone */
  readonly shared: boolean;
  /** what it is, for status: `sysctl net.ipv4.ip_forward` */
  title(resource: Resource): string;
  show(state: State): string;
  read(resource: Resource, machine: Machine): Promise<State>;
  /** whether what is there is what is desired */
  same(actual: State, desired: State): boolean;
  commands(resource: Resource, from: State, to: State): readonly PlanCommand[];
}
