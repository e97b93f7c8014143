// How near what servers got is to their weights.
import type { Destination } from '../model/destination.js';
import type { Result } from './simulation.js';

/**
 * The share of the connections that each server should get by its weight; 0 for all when no weight
 * is above 0.
 */
export function sharesByWeight(destinations: readonly Destination[]): number[] {
  const total = destinations.reduce((sum, { weight }) => sum + weight, 0);
  return destinations.map(({ weight }) => (total === 0 ? 0 : weight / total));
}

export interface Fairness {
  /** Jain's index of connections per weight: 1 = each as its weight, 1/n = one gets all */
  readonly jain: number;
  /** the largest excess over the share that the weight gives, 0.5 = half as much again */
  readonly worst: number;
}

/** How near the connections are to the weights; servers of weight 0 do not count. */
export function fairness({ servers }: Pick<Result, 'servers'>): Fairness {
  const weighted = servers.filter(({ destination }) => destination.weight > 0);
  const loads = weighted.map(({ connections, destination }) => connections / destination.weight);
  const sum = loads.reduce((a, b) => a + b, 0);
  const squares = loads.reduce((a, b) => a + b * b, 0);
  const mean = sum / (loads.length || 1);
  return {
    jain: squares === 0 ? 1 : sum ** 2 / (loads.length * squares),
    worst: mean === 0 ? 0 : Math.max(...loads) / mean - 1,
  };
}
