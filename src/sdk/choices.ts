import { AirflowLikeError } from '../model/errors.js';
import { nearestName } from '../model/nearest-name.js';
import { checkKindOptions } from './check-task-options.js';
import { ProblemList } from './problems.js';
import type { CheckedMember } from './task-member.js';

/** The tasks behind `t.choose` and `t.when`: branches whose second argument says which tasks each case begins with. */

type Cases = Readonly<Record<string, readonly string[]>>;

/** Goes on with the case that the value names. */
export const CHOOSE = choice('choose', (value, cases) => {
  const name = String(value);
  if (Object.hasOwn(cases, name)) return cases[name];
  const names = Object.keys(cases);
  throw new AirflowLikeError('BRANCH_INVALID', {
    place: 'choose',
    message: 'there is no case for this value',
    value,
    allowed: names.join(', '),
    suggestion: nearestName(name, names),
  });
});

/** Goes on if the value is truthy. */
export const WHEN = choice('when', (value, cases) => (value ? cases['truthy'] : null));

/** By name of the member, which no method of a class can have. */
export const CHOICES: ReadonlyMap<string, CheckedMember> = new Map([CHOOSE, WHEN].map((member) => [member.name, member]));

function choice(operator: 'choose' | 'when', decide: (value: unknown, cases: Cases) => unknown): CheckedMember {
  const name = `t.${operator}`;
  return {
    name,
    operator,
    defaultId: operator,
    optional: true,
    position: null,
    parameters: 2,
    isInstant: false,
    ...checkKindOptions('branch', {}, { place: name, position: null }, new ProblemList(name)),
    templateFields: [],
    templates: () => ({}),
    call: (_instance, [value, cases]) => decide(value, cases as Cases),
  };
}
