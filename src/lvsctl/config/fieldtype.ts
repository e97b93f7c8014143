// What every entry of the file is made of.
import type { Place } from './place.js';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** Reads one YAML node, and describes itself for the JSON Schema. */
export interface Field<T> {
  /** The value, or undefined when an error was reported. */
  read(place: Place): T | undefined;
  readonly schema: JsonSchema;
}
