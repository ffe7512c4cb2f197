import { asset, assetAlias, assetOrTime, context, dag, task } from 'airflow-like';

const orders = asset('orders');

export const refused = [
  // expect: 'url' does not exist in type 'AssetOptions'
  asset('orders', { url: 's3://lake/orders' }),
  // expect: Argument of type 'string' is not assignable to parameter of type 'AssetExpression'
  orders.and('rates'),
  // expect: Expected at least 1 arguments, but got 0
  orders.or(),
  // expect: Type 'string' is not assignable to type 'AssetExpression'
  assetOrTime('@daily', ['orders']),
  // expect: Property 'uri' does not exist on type 'AssetAlias'
  assetAlias('late').uri,
];

// expect: is not assignable to type
@dag({ schedule: [orders, '@daily'] })
export class Mixed {
  // expect: is not assignable to type 'Asset | AssetAlias'
  @task({ outlets: [orders.or(orders)] }) one(): number {
    return 1;
  }
}

export const asked = () => [
  // expect: Property 'add' does not exist on type 'OutletEvent'
  context().outletEvents.get(orders).add(orders),
  // expect: Property 'extra' does not exist on type 'AliasEvents'
  context().outletEvents.get(assetAlias('late')).extra,
  // expect: Argument of type 'string' is not assignable to parameter of type
  context().inletEvents.get('orders'),
];
