import type { OptionDescription } from '../../config/describe-options.js';
import { AirflowLikeError } from '../../model/errors.js';
import { nearestName } from '../../model/nearest-name.js';
import { outputOption } from '../arguments.js';
import type { CommonOptions } from '../cli.js';
import { printRecords, type OutputFormat } from '../output/records.js';
import type { Cell } from '../output/table.js';
import type { Tree } from '../program.js';

interface ListOptions extends CommonOptions {
  readonly section?: string;
  readonly defaults?: boolean;
  readonly includeDescriptions?: boolean;
  readonly includeSources?: boolean;
  readonly includeEnvVars?: boolean;
  readonly output?: OutputFormat;
}

const COLUMNS = ['section', 'option', 'value', 'origin', 'default', 'unit', 'type', 'env', 'meaning'];

/** `config list|get-value` */
export function addConfigCommands({ root, cli, run }: Tree): void {
  const read = async (): Promise<readonly OptionDescription[]> => {
    const { describeOptions } = await import('../../config/describe-options.js');
    return describeOptions(await cli.loadConfig());
  };

  const config = root.command('config').description('The configuration: what is set, where, and what there is.');
  config
    .command('list')
    .summary('every option with its value')
    .description('Prints every option with its value. Passwords are masked.')
    .option('--section <name>', 'only this section')
    .option('-a, --defaults', 'explain each option: meaning, unit, default, origin, variable')
    .option('-d, --include-descriptions', 'with the meaning of each option')
    .option('-s, --include-sources', 'with the origin of each value')
    .option('-V, --include-env-vars', 'with the environment variable of each option')
    .addOption(outputOption().default(undefined, 'lines of `option = value`'))
    .option('-v, --verbose', 'show more')
    .addHelpText(
      'after',
      '\nExamples:\n  airflow-like config list --section worker\n  airflow-like config list --defaults\n  airflow-like config list -o json',
    )
    .action(
      run(async (options: ListOptions) => {
        const all = await read();
        if (options.section !== undefined) checkSection(all, options.section);
        const shown = all.filter(({ section }) => options.section === undefined || section === options.section);
        if (options.output) {
          const rows = shown.map(({ key, ...rest }) => ({ ...rest, option: key }) as unknown as Record<string, Cell>);
          return printRecords(cli.terminal, options.output, COLUMNS, rows);
        }
        cli.terminal.out(renderSections(shown, options));
      }),
    );
  config
    .command('get-value')
    .summary('one value')
    .description("Prints the value of one option. Airflow's spelling with underscores is understood, too.")
    .argument('<section>', 'for example core')
    .argument('<option>', 'for example dagsFolder')
    .option('-v, --verbose', 'show more')
    .addHelpText('after', '\nExample:\n  airflow-like config get-value core dagsFolder')
    .action(
      run(async (section: string, option: string) => {
        const all = await read();
        checkSection(all, section);
        const inSection = all.filter((candidate) => candidate.section === section);
        const camelCase = option.replace(/_([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase());
        const found = inSection.find(({ key }) => key === option || key === camelCase);
        if (!found) {
          throw new AirflowLikeError('NOT_FOUND', {
            place: 'option',
            message: `section ${section} has no such option`,
            value: option,
            suggestion: nearestName(
              camelCase,
              inSection.map(({ key }) => key),
            ),
          });
        }
        cli.terminal.out(`${valueText(found.value)}\n`);
      }),
    );
}

function checkSection(all: readonly OptionDescription[], section: string): void {
  const sections = [...new Set(all.map((option) => option.section))];
  if (sections.includes(section)) return;
  throw new AirflowLikeError('NOT_FOUND', {
    place: 'section',
    message: 'there is no such section',
    value: section,
    allowed: sections.join(', '),
    suggestion: nearestName(section, sections),
  });
}

function renderSections(options: readonly OptionDescription[], show: ListOptions): string {
  const lines: string[] = [];
  let section = '';
  for (const option of options) {
    if (option.section !== section) {
      section = option.section;
      lines.push(...(lines.length > 0 ? [''] : []), `[${section}]`);
    }
    if (show.defaults || show.includeDescriptions) lines.push(`# ${option.meaning}`);
    const facts = [
      ...(show.defaults ? [`type: ${option.type}`, ...(option.unit === null ? [] : [`unit: ${option.unit}`])] : []),
      ...(show.defaults ? [`default: ${valueText(option.default)}`] : []),
      ...(show.defaults || show.includeSources ? [`from: ${option.origin}`] : []),
      ...(show.defaults || show.includeEnvVars ? [`variable: ${option.env}`] : []),
    ];
    if (facts.length > 0) lines.push(`# ${facts.join('; ')}`);
    lines.push(`${option.key} = ${valueText(option.value)}`);
    if (show.defaults) lines.push('');
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

function valueText(value: unknown): string {
  if (value === null) return '';
  return Array.isArray(value) ? value.join(',') : String(value);
}
