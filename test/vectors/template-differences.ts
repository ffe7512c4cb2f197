import type { VectorCase } from './vector-file.js';

/** Rule `template-python`: the recorded text is ours, once its values are printed as JavaScript does. */
export function printsAsJavaScript(testCase: VectorCase, ours: unknown): boolean {
  const recorded = testCase['expected'] as { readonly rendered?: string; readonly error?: string } | undefined;
  const { rendered } = ours as { readonly rendered?: string };
  if (testCase['op'] !== 'render' || rendered === undefined) return false;
  // A Python object has no attribute of a date: the filter of a date got null.
  if (recorded?.error === 'AttributeError') return rendered === 'null';
  return recorded?.rendered !== undefined && fromPython(recorded.rendered) === rendered;
}

function fromPython(text: string): string {
  return text
    .replaceAll('True', 'true')
    .replaceAll('False', 'false')
    .replaceAll('None', 'null')
    .replace(/(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d{6})?[+-]\d\d:\d\d)/g, '$1T$2')
    .replace(/DagRunType\.([A-Z_]+)/g, (_, name: string) => name.toLowerCase());
}
