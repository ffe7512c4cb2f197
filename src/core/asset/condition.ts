import { assetRefText, type AssetCondition, type AssetRef } from '../../model/asset.js';

/** Whether the condition holds, given what there are events of. */
export function isConditionMet(condition: AssetCondition, hasEvent: (ref: AssetRef) => boolean): boolean {
  switch (condition.kind) {
    case 'asset':
    case 'alias':
      return hasEvent(condition);
    case 'all':
      return condition.of.every((part) => isConditionMet(part, hasEvent));
    case 'any':
      return condition.of.some((part) => isConditionMet(part, hasEvent));
  }
}

/** The assets and aliases that a condition names, each once, in the order in which they are written. */
export function refsOf(condition: AssetCondition): readonly AssetRef[] {
  const refs = new Map<string, AssetRef>();
  collect(condition, refs);
  return [...refs.values()];
}

/** For people: `orders and (rates or alias late)`. */
export function conditionText(condition: AssetCondition): string {
  switch (condition.kind) {
    case 'asset':
      return condition.asset.name;
    case 'alias':
      return `alias ${condition.alias.name}`;
    default:
      return condition.of.map(partText).join(condition.kind === 'all' ? ' and ' : ' or ');
  }
}

function partText(part: AssetCondition): string {
  return 'of' in part && part.of.length > 1 ? `(${conditionText(part)})` : conditionText(part);
}

function collect(condition: AssetCondition, refs: Map<string, AssetRef>): void {
  if ('of' in condition) {
    for (const part of condition.of) collect(part, refs);
  } else if (!refs.has(assetRefText(condition))) refs.set(assetRefText(condition), condition);
}
