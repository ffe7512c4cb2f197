/** The kinds of argument and option: how each is checked while the command line is parsed. */
import { InvalidArgumentError, Option } from 'commander';
import { AirflowLikeError } from '../model/errors.js';
import { nearestName } from '../model/nearest-name.js';
import { OUTPUT_FORMATS } from './output/records.js';

/** An option that takes one of `choices`; another value is refused with the nearest of them. */
export function choiceOption(flags: string, description: string, choices: readonly string[]): Option {
  return new Option(flags, description).choices(choices).argParser((value: string) => {
    if (choices.includes(value)) return value;
    const nearest = nearestName(value, choices);
    throw new InvalidArgumentError(`Allowed: ${choices.join(', ')}.${nearest === null ? '' : ` Did you mean ${nearest}?`}`);
  });
}

/** `-o, --output`: the four formats of every list. */
export function outputOption(): Option {
  return choiceOption('-o, --output <format>', 'how to print it', OUTPUT_FORMATS).default('table');
}

export function integerBetween(min: number, max: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (/^-?\d+$/.test(value) && number >= min && number <= max) return number;
    throw new InvalidArgumentError(
      max === Number.MAX_SAFE_INTEGER ? `An integer from ${min} on.` : `An integer from ${min} to ${max}.`,
    );
  };
}

export const positiveInteger = integerBetween(1, Number.MAX_SAFE_INTEGER);
const mapIndex = integerBetween(-1, Number.MAX_SAFE_INTEGER);

/** Of an option that may be given several values: `--map-index 1 2`. */
export function mapIndexes(value: string, before: readonly number[] | undefined): readonly number[] {
  return [...(before ?? []), mapIndex(value)];
}

export const port = integerBetween(0, 65_535);

export function commaList(value: string): readonly string[] {
  const items = value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
  if (items.length === 0) throw new InvalidArgumentError('A list separated by commas.');
  return items;
}

export function regularExpression(value: string): RegExp {
  try {
    return new RegExp(value, 'u');
  } catch (error) {
    throw new InvalidArgumentError(`Not a regular expression: ${(error as Error).message}.`);
  }
}

/** A `dag_id` that is to be read as a regular expression. @throws AirflowLikeError CLI_USAGE */
export function regexArgument(text: string): RegExp {
  try {
    return regularExpression(text);
  } catch (error) {
    throw new AirflowLikeError('CLI_USAGE', { place: 'dag_id', message: (error as Error).message, value: text });
  }
}
