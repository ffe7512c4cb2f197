import type { TemplatePlace } from './template-error.js';

/** A parsed template. It is made once and rendered any number of times. */
export interface Template {
  readonly source: string;
  readonly body: readonly Statement[];
}

/** What stands at the top level of a template or in the body of a tag. */
export type Statement =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'print'; readonly value: Expression; readonly place: TemplatePlace }
  | {
      readonly kind: 'if';
      readonly condition: Expression;
      readonly body: readonly Statement[];
      readonly otherwise: readonly Statement[];
    }
  | {
      readonly kind: 'for';
      readonly names: readonly string[];
      readonly source: Expression;
      readonly body: readonly Statement[];
      readonly otherwise: readonly Statement[];
      readonly place: TemplatePlace;
    }
  | { readonly kind: 'set'; readonly names: readonly string[]; readonly value: Expression; readonly place: TemplatePlace }
  | { readonly kind: 'macro'; readonly name: string; readonly macro: MacroDefinition; readonly place: TemplatePlace };

/** `{% macro %}`, and the body of `{% call %}`. */
export interface MacroDefinition {
  readonly parameters: readonly { readonly name: string; readonly fallback: Expression | null }[];
  readonly body: readonly Statement[];
}

/** Arguments of a call, filter or test. */
export interface Arguments {
  readonly positional: readonly Expression[];
  readonly named: readonly { readonly name: string; readonly value: Expression }[];
}

export type BinaryOperator = '+' | '-' | '*' | '/' | '//' | '%' | '**' | '~';
export type CompareOperator = '==' | '!=' | '<' | '>' | '<=' | '>=';

/** What gives a value. */
export type Expression = ExpressionForm & { readonly place: TemplatePlace };

type ExpressionForm =
  | { readonly kind: 'literal'; readonly value: string | number | boolean | null }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'list'; readonly items: readonly Expression[] }
  | { readonly kind: 'object'; readonly entries: readonly { readonly key: Expression; readonly value: Expression }[] }
  | { readonly kind: 'member'; readonly target: Expression; readonly key: Expression }
  | {
      readonly kind: 'slice';
      readonly target: Expression;
      readonly start: Expression | null;
      readonly stop: Expression | null;
      readonly step: Expression | null;
    }
  | { readonly kind: 'call'; readonly target: Expression; readonly args: Arguments }
  | { readonly kind: 'filter'; readonly name: string; readonly target: Expression; readonly args: Arguments }
  | { readonly kind: 'test'; readonly name: string; readonly target: Expression; readonly args: Arguments }
  | { readonly kind: 'not'; readonly target: Expression }
  | { readonly kind: 'negate'; readonly target: Expression }
  | { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'in'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'binary'; readonly operator: BinaryOperator; readonly left: Expression; readonly right: Expression }
  | {
      readonly kind: 'compare';
      readonly first: Expression;
      readonly rest: readonly { readonly operator: CompareOperator; readonly value: Expression }[];
    }
  | {
      readonly kind: 'conditional';
      readonly condition: Expression;
      readonly value: Expression;
      readonly otherwise: Expression | null;
    }
  /** The output of statements as a text: `{% set x %}...{% endset %}`, `{% filter upper %}...{% endfilter %}`. */
  | { readonly kind: 'capture'; readonly body: readonly Statement[] }
  /** The body of `{% call %}`, which the macro finds as `caller`. */
  | { readonly kind: 'caller'; readonly macro: MacroDefinition };
