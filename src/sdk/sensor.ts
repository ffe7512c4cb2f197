import { TASK_OPTION_NAMES, SENSOR_OPTION_NAMES } from './check-task-options.js';
import { defineUse, type Operator, type OperatorDefinition, type OptionsOf, type RenderedOptions } from './operator.js';
import type { PokeResult } from './poke-result.js';
import type { SensorOptions } from './task-options.js';

/** What a look may return: whether it is done, or that with something to hand on. */
type Look = boolean | PokeResult<unknown>;

/** How a kind of sensor is defined, by this package and by plugins. `T` names the options that are templates. */
export interface SensorDefinition<
  O extends object,
  P extends readonly unknown[],
  R extends Look | Promise<Look>,
  T extends keyof O & string = never,
> extends Pick<OperatorDefinition<O, P, R, T>, 'name' | 'optionNames' | 'templateFields' | 'checkOptions'> {
  /**
   * Looks once; called again and again until it is done. Templates are rendered for each look. `softFail`: the author wants it skipped where it would fail,
   * for a sensor that sees that what it waits for cannot come: it then throws `SkipTask`. `FailTask` is understood by itself.
   */
  readonly poke: (options: RenderedOptions<O, T>, inputs: P, how: { readonly softFail: boolean }) => R;
}

/** Options of a sensor that make sense without a method: its code has no edges to declare in a decorator. */
export type SensorUseOptions = Omit<SensorOptions, 'upstream'>;

/**
 * Defines a kind of sensor. The answer is what authors call with its options and those of a sensor in one object.
 * @throws AirflowLikeError PLUGIN_INVALID when an option has the name of an option of sensors.
 */
export function sensor<
  O extends object,
  R extends Look | Promise<Look>,
  P extends readonly unknown[] = [],
  T extends keyof O & string = never,
>(definition: SensorDefinition<O, P, R, T>): (...options: OptionsOf<O, SensorUseOptions>) => Operator<P, R> {
  const { poke, ...common } = definition;
  return defineUse<O, P, R, T, SensorUseOptions>('sensor', [...TASK_OPTION_NAMES, ...SENSOR_OPTION_NAMES], {
    ...common,
    execute: (options, inputs, { softFail }) => poke(options, inputs, { softFail: softFail === true }),
  });
}
