import {
  asset,
  assetAlias,
  assetOrTime,
  context,
  cronTrigger,
  dag,
  task,
  type Asset,
  type AssetEvent,
  type DagOptions,
  type Wired,
} from 'airflow-like';

const orders: Asset = asset('s3://lake/orders', { name: 'orders', group: 'sales', extra: { owner: 'data' } });
const late = assetAlias('late');

export const schedules: readonly DagOptions['schedule'][] = [
  orders,
  [orders, late],
  orders.and(asset('s3://lake/rates').or(late, asset('x'))),
  assetOrTime('0 2 * * *', orders),
  assetOrTime(cronTrigger('@daily'), [orders, late]),
];

@dag({ schedule: orders.and(late) })
export class Consumer {
  @task({ inlets: [orders], outlets: [late, asset('report')] }) report(): number {
    return 1;
  }
  @task({ outlets: [orders, late], inlets: [orders, late] }) async write(): Promise<number> {
    const { outletEvents, inletEvents, triggeringAssetEvents } = context();
    outletEvents.get(orders).extra = { rows: 3 };
    outletEvents.get(late).add(asset('s3://found'), { part: 1 });
    const events: readonly AssetEvent[] = await inletEvents.get(late, { limit: 10, after: new Date(0) });
    const [first] = await triggeringAssetEvents.get(orders);
    return events.length + (first?.timestamp.getTime() ?? 0);
  }
  wire(t: Wired<Consumer>): void {
    t.report().after(t.write());
  }
}
