export { metricsFold } from './fold.js'
export { checkMetrics, type MetricName, type Metrics, metricNames, NOTHING_MEASURED } from './metrics.js'
export { percentile } from './percentile.js'
export { type WorkCounts, type WorkerFailure, workCountsFold } from './work-counts.js'
