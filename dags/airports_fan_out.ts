/** Dynamic task mapping over real data: one copy of `summarise` for each state found in a file of 3,376 airports. */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { context, dag, task, type Wired } from 'airflow-like';
import { parse } from 'csv-parse';

interface Airport {
  iata: string;
  name: string;
  state: string;
  latitude: number;
  longitude: number;
}

/** What is known of one state: how many airports, and the northernmost of them. */
export interface StateSummary {
  state: string;
  airports: number;
  northernmost: string;
}

@dag({ schedule: '@once', startDate: '2024-01-01', tags: ['example', 'mapping'], maxActiveTasks: 16 })
export class AirportsFanOut {
  /** The states in the file, in alphabetical order; how many there are decides how many copies of `summarise` run. */
  @task()
  async findStates(): Promise<string[]> {
    const states = new Set<string>();
    for await (const airport of readAirports()) states.add(airport.state);
    return [...states].sort();
  }

  @task({ retries: 1, retryDelay: '5s' })
  async summarise(state: string): Promise<StateSummary> {
    let airports = 0;
    let north: Airport | null = null;
    for await (const airport of readAirports()) {
      if (airport.state !== state) continue;
      airports++;
      if (!north || airport.latitude > north.latitude) north = airport;
    }
    if (!north) throw new Error(`no airport in ${state}`);
    return { state, airports, northernmost: `${north.iata} ${north.name}` };
  }

  /** Joins the copies; the list is in the order of the states. */
  @task()
  async join(summaries: StateSummary[]): Promise<{ path: string; states: number; airports: number }> {
    const airports = summaries.reduce((total, summary) => total + summary.airports, 0);
    const path = join(outputFolder(), 'summary.json');
    await writeAtomically(path, `${JSON.stringify({ airports, states: summaries }, null, 2)}\n`);
    console.log(`${airports} airports in ${summaries.length} states`);
    return { path, states: summaries.length, airports };
  }

  wire(t: Wired<AirportsFanOut>) {
    t.join(t.summarise.map(t.findStates()));
  }
}

async function* readAirports(): AsyncGenerator<Airport> {
  const packageEntry = createRequire(import.meta.url).resolve('vega-datasets');
  const file = join(dirname(packageEntry), '..', 'data', 'airports.csv');
  const rows = createReadStream(file).pipe(parse({ columns: true }));
  for await (const row of rows as AsyncIterable<Record<string, string>>) {
    const { iata = '', name = '', state = '', latitude, longitude } = row;
    yield { iata, name, state: state || 'unknown', latitude: Number(latitude), longitude: Number(longitude) };
  }
}

function outputFolder(): string {
  const { output } = context().conf;
  return typeof output === 'string' ? output : join(process.cwd(), 'data', 'airports');
}

async function writeAtomically(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomUUID()}.tmp`;
  await writeFile(temporary, text);
  await rename(temporary, path);
}
