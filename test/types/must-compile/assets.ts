import { asset, assetAlias, assetOrTime, cronTrigger, dag, task, type Asset, type DagOptions, type Wired } from 'airflow-like';

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
  wire(t: Wired<Consumer>): void {
    t.report();
  }
}
