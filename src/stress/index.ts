export { type Race, type RaceOptions, runRace } from './race.js'
export { type Go, type RacerSpec, race } from './racer.js'
export { Acknowledged, RaceJudge, type RaceResult, type RacerMessage } from './report.js'
