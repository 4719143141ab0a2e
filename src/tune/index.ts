export { type NextVersion, nextVersion, type TunedScenario } from './next-version.js'
export { type LimitProposal, proposeLimits, type Standing } from './propose.js'
export { type Sweep, type SweepOptions, sweep } from './sweep.js'
export { type Response, responses, type Trend, valuesBetween } from './vary.js'
