/** The DAG id that a class name stands for: `DailySales` gives `daily_sales`, `ETLRun2` gives `etl_run2`. */
export function dagIdOfClass(className: string): string {
  return className
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase();
}
