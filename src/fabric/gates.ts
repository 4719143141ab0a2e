import { countsOf, disagreements } from './compare.js'
import {
  type Comparison,
  type Configuration,
  type Evidence,
  type Fabric,
  type Marker,
  markerCounts,
  sortedJson,
  type Verdict,
} from './evidence.js'
import { differences } from './expect.js'
import { type ScenarioId, scenarioIds, titles } from './names.js'
import { isCommit, tenantsOf } from './place.js'
import { judge, scenarios } from './scenarios/index.js'
import { workersEnded } from './scenarios/scenario.js'
import { sealReasons } from './seal.js'
import { connectionsAtMost, quietMsFor, settings } from './settings.js'

/** One thing that must be proven, and whether the evidence proves it. */
export interface Gate {
  readonly name: string
  readonly passed: boolean
  /** Why not; empty when it has passed. */
  readonly reasons: readonly string[]
}

/** Judges evidence, of a run or of its log. What is not there has not been proven. */
export function gatesOf(evidence: Evidence): readonly Gate[] {
  const proven = (name: string, id: ScenarioId) => gate(name, scenarioReasons(evidence, id))
  return [
    gate('instrument integrity', integrity(evidence)),
    gate('Postgres-only fabric provable', postgresOnly(evidence)),
    proven('cross-tenant probe explicit', 'S3'),
    proven('poison retries proven', 'S1'),
    gate('crash physics proven', physics(evidence)),
    proven('redelivery accounting', 'S2'),
    proven('runaway stopped without starvation', 'S4'),
    proven('least privilege probes fail', 'S5'),
    proven('zombie fenced', 'S6'),
    gate('model and reality agree', agreement(evidence)),
  ]
}

const gate = (name: string, reasons: readonly string[]): Gate => ({ name, passed: reasons.length === 0, reasons })

export const allPassed = (gates: readonly Gate[]): boolean => gates.length > 0 && gates.every(({ passed }) => passed)

function scenarioReasons(evidence: Evidence, id: ScenarioId): readonly string[] {
  const verdict = verdictOf(evidence, id)
  if (verdict === undefined) return [`no evidence: there is no verdict of ${id}`]
  const judged = judge(verdict)
  // What a run could not carry through stands in its own reasons alone.
  return verdict.passed || judged.length > 0 ? judged : verdict.reasons.length > 0 ? verdict.reasons : ['not passed']
}

const verdictOf = ({ verdicts }: Evidence, id: ScenarioId): Verdict | undefined =>
  verdicts.find(({ scenario }) => scenario === id)

/** Whether the evidence is whole, and says one thing. */
function integrity(evidence: Evidence): readonly string[] {
  const { configuration, verdicts, damage } = evidence
  if (configuration === undefined) return [...damage, 'no evidence: there is no run configuration']
  const twice = scenarioIds.filter((id) => verdicts.filter(({ scenario }) => scenario === id).length > 1)
  const missing = configuration.scenarios.filter((id) => verdictOf(evidence, id) === undefined)
  const unasked = verdicts.filter(({ scenario }) => !configuration.scenarios.includes(scenario))
  return [
    ...damage,
    ...sealReasons(evidence),
    ...settingsReasons(configuration),
    ...commitReasons(configuration),
    ...observedReasons(verdicts),
    ...(configuration.scenarios.length === 0 ? ['no scenario was run'] : []),
    ...missing.map((id) => `no evidence: there is no verdict of ${id}`),
    ...unasked.map(({ scenario }) => `there is a verdict of ${scenario}, which was not to be run`),
    ...twice.map((id) => `there is more than one verdict of ${id}`),
    ...verdicts.flatMap((verdict) => verdictIntegrity(verdict, evidence)),
  ]
}

/** Figures prove what they are said to only of a fabric that was set up so. */
const settingsReasons = (configuration: Configuration): readonly string[] =>
  differences(configuration, {
    acknowledgement: { late: true, on_failure_or_timeout: true, reject_on_worker_lost: true },
    prefetch: settings.prefetch,
    max_attempts: settings.maxAttempts,
    soft_limit_ms: settings.softLimitMs,
    hard_limit_ms: settings.hardLimitMs,
    lease_ms: settings.leaseMs,
    connections_at_most: connectionsAtMost(configuration.scenarios),
    tenants: tenantsOf(configuration.candidate_commit),
  })

/** What was verified has to be known: otherwise this is evidence of nothing in particular. */
const commitReasons = ({ candidate_commit }: Configuration): readonly string[] =>
  isCommit(candidate_commit)
    ? []
    : [`candidate commit: ${candidate_commit}; run in a git checkout, set GITHUB_SHA, or name it with --commit SHA`]

/**
 * How jobs were in fact acknowledged, as the engine's own table shows it, against what the configuration says. Only of
 * scenarios that were run: the others fail gates of their own.
 */
function observedReasons(verdicts: readonly Verdict[]): readonly string[] {
  const holds = verdicts.flatMap(({ scenario, db_truth }) =>
    db_truth === null ? [] : [{ scenario, ...db_truth.holds }],
  )
  const without = (what: 'failed' | 'lost' | 'completed', where: readonly ScenarioId[]) =>
    holds.filter((hold) => where.includes(hold.scenario) && hold[what] === 0).map(({ scenario }) => scenario)
  const told = (found: readonly string[], what: string) => (found.length === 0 ? [] : [`${found.join(', ')}: ${what}`])
  return [
    ...told(without('completed', ['S2', 'S4', 'S6']), 'no acknowledgement after the effect was seen'),
    ...told(
      holds.filter((hold) => hold.completed_early > 0).map(({ scenario }) => scenario),
      'jobs were acknowledged before their effect was committed and their attempt had ended',
    ),
    ...told(without('failed', ['S1', 'S4']), 'no acknowledgement on failure or timeout was seen'),
    ...told(without('lost', ['S2', 'S4', 'S6']), 'no job was seen to be taken from a worker that was lost'),
    ...told(
      holds.filter((hold) => hold.most_held_by_one_worker !== settings.prefetch).map(({ scenario }) => scenario),
      `a worker was not seen to hold ${settings.prefetch} job at a time, and never more`,
    ),
  ]
}

function verdictIntegrity(verdict: Verdict, { configuration, markers }: Evidence): readonly string[] {
  const { scenario, passed, reasons, worker_observed } = verdict
  const judged = [...reasons, ...judge(verdict)]
  const own = markers.filter((marker) => marker.scenario === scenario)
  const wrong = [
    ...(passed && judged.length > 0 ? ['says that it passed, its figures do not'] : []),
    ...(!passed && judged.length === 0 ? ['says that it did not pass, and not why'] : []),
    ...(configuration === undefined
      ? []
      : differences(verdict, {
          title: titles[scenario],
          n: configuration.n,
          tenants: configuration.tenants,
          candidate_commit: configuration.candidate_commit,
          run_url: configuration.run_url,
        })),
    ...(sortedJson(worker_observed['markers']) === sortedJson(markerCounts(markers, scenario))
      ? []
      : ['its markers are not those that it counted']),
    ...(passed ? [...scenarios[scenario].story(verdict, own), ...strangers(verdict, own)] : []),
    ...(scenario === 'S1' && passed && configuration !== undefined
      ? differences(worker_observed, { quiet_ms: quietMsFor(configuration.retry_delay_scale) })
      : []),
  ]
  return wrong.map((what) => `${scenario}: ${what}`)
}

/** What marker lines tell was done by, or to, workers of the scenario: the harness has seen each of them end. */
function strangers(verdict: Verdict, markers: readonly Marker[]): readonly string[] {
  const ended = workersEnded(verdict)
  const pids = markers.flatMap(({ details }) => (details['pid'] === undefined ? [] : [details['pid']]))
  const unknown = pids.filter((pid) => !ended.includes(pid))
  return unknown.length === 0
    ? []
    : [
        `marker lines of processes that are none of its workers: ${unknown.length}, the first of ${sortedJson(unknown[0])}`,
      ]
}

/** Broker and results are one Postgres: that is where the connections lead to and the tables are found, of every scenario. */
function postgresOnly({ configuration, verdicts, fabric }: Evidence): readonly string[] {
  if (configuration === undefined) return ['no evidence: there is no run configuration']
  const ends = { broker: configuration.broker, 'result backend': configuration.result_backend }
  const empty = verdicts.filter(({ db_truth }) => db_truth === null || db_truth.jobs === 0 || db_truth.attempts === 0)
  return [
    ...Object.entries(ends).flatMap(([name, { scheme, sha256 }]) => [
      ...(/^postgres(ql)?$/.test(scheme) ? [] : [`${name}: scheme ${scheme}`]),
      ...(/^[0-9a-f]{64}$/.test(sha256) ? [] : [`${name}: no SHA-256 of its DSN`]),
    ]),
    ...(verdicts.length === 0 ? ['no evidence: there is no verdict'] : []),
    ...empty.map(({ scenario }) => `${scenario}: the database knows nothing of its jobs`),
    ...(fabric === undefined
      ? ['no evidence: what the fabric was connected to was not observed']
      : [...connectionReasons(fabric, verdicts), ...placeReasons(fabric, configuration, verdicts)]),
  ]
}

/** Every connection of every worker, and of the harness, is a session in that database. */
function connectionReasons(fabric: Fabric, verdicts: readonly Verdict[]): readonly string[] {
  const { workers, harness, connections_elsewhere, connections_unaccounted } = fabric
  const ended = verdicts.flatMap(workersEnded)
  const count = Math.max(workers.started, ended.length)
  const all = { started: count, looked_at: count, of_this_database: count, with_session: count }
  return [
    ...(count === 0 ? ['no evidence: no worker was seen'] : []),
    ...differences(workers, all).map((what) => `workers ${what}`),
    ...differences(harness, { connections_seen: true, sessions_known: true }).map((what) => `harness ${what}`),
    ...connections_elsewhere.map((where) => `a connection that goes not to the database: ${where}`),
    ...(connections_unaccounted === 0
      ? []
      : [`connections to the server that are no sessions in that database: ${connections_unaccounted}`]),
  ]
}

/** The engine's tables, attempts, dead letters and results are in that database, and every verdict was read there. */
function placeReasons(
  fabric: Fabric,
  { server_version }: Configuration,
  verdicts: readonly Verdict[],
): readonly string[] {
  const others = verdicts.filter(({ db_truth }) => db_truth?.database.sha256 !== fabric.database.sha256)
  return [
    ...differences(fabric.tables, { jobs: true, attempts: true, dead_letters: true, results: true }).map(
      (what) => `tables in that database: ${what}`,
    ),
    ...differences(fabric.database, { server_version }),
    ...(fabric.engine_migration > 0 ? [] : ["the engine's own tables do not say of which version they are"]),
    ...others.map(({ scenario }) => `${scenario}: its truth was not read in that database`),
  ]
}

/** Every kill was seen to work, and by nothing else. */
function physics(evidence: Evidence): readonly string[] {
  const verdict = verdictOf(evidence, 'S2')
  if (verdict === undefined) return ['no evidence: there is no verdict of S2']
  const { n, worker_observed, db_truth } = verdict
  const events = ['barrier-seen', 'kill-issued', 'worker-exited', 'worker-restarted', 'redelivered']
  return [
    ...differences(worker_observed, {
      barriers_seen: n,
      kills_issued: n,
      exits_seen: n,
      restarts: n,
      signals: { SIGKILL: n },
      markers: Object.fromEntries(events.map((event) => [event, n])),
    }),
    ...differences(db_truth, { barrier_rows: n }),
    ...scenarios.S2.story(
      verdict,
      evidence.markers.filter(({ scenario }) => scenario === 'S2'),
    ),
  ]
}

function agreement({ configuration, comparison, verdicts }: Evidence): readonly string[] {
  if (configuration === undefined || comparison === undefined) return ['no evidence: nothing was compared']
  const modelled = verdicts.filter(({ scenario }) => ['S1', 'S2', 'S4', 'S6'].includes(scenario))
  const missing = modelled.filter(({ scenario }) => !comparison.some((one) => one.scenario === scenario))
  return [
    ...differences(configuration, { model: 'compared' }),
    ...(comparison.length === 0 ? ['no evidence: nothing was compared'] : []),
    ...missing.map(({ scenario }) => `no evidence: ${scenario} was not compared`),
    ...comparison.flatMap((one) => disagreements(one).map((name) => `${one.scenario}: ${name} differ`)),
    ...comparison.filter((one) => !isOf(one, verdicts)).map((one) => `${one.scenario}: its verdict counts otherwise`),
  ]
}

/** What was compared is what the verdict says, and nothing else. */
function isOf({ scenario, observed }: Comparison, verdicts: readonly Verdict[]): boolean {
  return verdicts.some(
    (verdict) => verdict.scenario === scenario && sortedJson(countsOf(verdict)) === sortedJson(observed),
  )
}
