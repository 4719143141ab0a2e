export { metricsFold } from './fold.js'
export { type MetricName, type Metrics, metricNames } from './metrics.js'
export { percentile } from './percentile.js'
