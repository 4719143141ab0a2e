export { type Drawn, ScenarioAborted } from './aborted.js'
export { answersLate, hasTakenSteps, ranAsOneStep, takesSteps, today, type When, whenAgain } from './another-day.js'
export { clockSkewsOf } from './clock-skews.js'
export { type Body, Contender, type Outcome, Signal } from './contender.js'
export { checkScenario, defineScenario, PARAMETER_NAME } from './declaration.js'
export { checkInvariants, slipOf } from './fields.js'
export { standInForGood } from './host-clocks.js'
export { inSteps, type StepWorld, turn } from './in-steps.js'
export {
  type ParameterDefinition,
  type ParameterDefinitions,
  ParameterError,
  type Parameters,
  resolveParameters,
  type SomeParameters,
  type WorkloadDefinitions,
  workload,
} from './parameters.js'
export { type Need, needKinds, type Scenario, type ScenarioNetwork, watchScenario } from './scenario.js'
export { type CommandWatch, type ObserverKind, type Run, type SimulateOptions, simulate } from './simulate.js'
export type { ScenarioWatch } from './watch.js'
