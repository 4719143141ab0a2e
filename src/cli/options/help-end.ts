/** What `--help` shows at its end, by command: command lines with what each is for, and what is particular to its exit code. */
interface HelpEnd {
  readonly examples: readonly (readonly [line: string, purpose: string])[]
  readonly exitCodes?: string
}

const ends: { readonly [command: string]: HelpEnd } = {
  run: {
    examples: [
      ['run lease-renewal-contention --param ttlMs=800 --seed 7', 'one scenario, otherwise than usual'],
      ['run --subject my-lease.ts', 'a lease core of yours, where it has the commands'],
    ],
  },
  check: {
    examples: [
      ['check', 'the gate in CI'],
      ['check --subject my-lease.ts', 'the gate of a lease core of yours'],
    ],
    exitCodes: '1 also drift, or a kept counterexample that fails; 2 no snapshot',
  },
  update: {
    examples: [['update', 'then look at the difference in snapshots/, and commit it']],
    exitCodes: '1 and 2: nothing was written; 2 also in CI without --force',
  },
  tune: {
    examples: [
      ['tune lease-renewal-contention --seeds 200 --write', 'limits from 200 seeds, for the next version'],
      ['tune lease-renewal-contention --vary ttlMs=500..2000:4', 'what a longer lease costs'],
    ],
    exitCodes: '1 also a limit that a seed exceeds, but where --write raises it',
  },
  explore: {
    examples: [
      ['explore --subject my-lease.ts --time 60s', 'a minute on a lease core of yours'],
      ['explore lease-lifecycle --from-seed 1001 --seeds 5000', 'other seeds, on the built-in one'],
    ],
    exitCodes: '1 a failure was found',
  },
  replay: {
    examples: [
      ['replay counterexamples/FILE.json --trace', 'a counterexample, event by event'],
      ['replay lease-renewal-contention --seed 7 --trace --node node-3', 'what one node does in a scenario'],
    ],
    exitCodes: '1 also a counterexample that fails still',
  },
  conformance: {
    examples: [
      ['conformance --subject my-lease.ts', 'the contract, without faults'],
      ['conformance --store sqlite --processes 8 --seconds 10 --kill', 'a race on a store'],
    ],
    exitCodes: '1 a sentence is broken; 2 also nothing of its own to check',
  },
  verify: {
    examples: [
      ['verify', 'all scenarios, on a Postgres that is started'],
      ['verify --from verify.log --summary verify.md', 'a log again'],
    ],
    exitCodes: '1 a gate failed, as those do whose scenario was left out',
  },
  list: { examples: [['list --params', 'what --param and --vary take']] },
  init: {
    examples: [['init', 'in the folder of a package']],
    exitCodes: '1 a scenario does not hold, and nothing was written',
  },
}

export const EXIT_CODES =
  'Exit codes: 0 all held; 1 something that was checked did not hold; 2 it could\nnot be checked (also: no command was given); 130 ended by Ctrl-C.'

/** The end of what `--help` of `command` shows. */
export function helpEnd(command: string): string {
  const { examples = [], exitCodes } = ends[command] ?? {}
  const lines = examples.map(([line, purpose]) => `  npx contention ${line}\n      ${purpose}`)
  return [
    '',
    examples.length === 1 ? 'Example:' : 'Examples:',
    ...lines,
    '',
    EXIT_CODES,
    ...(exitCodes === undefined ? [] : [`Of ${command}: ${exitCodes}.`]),
  ].join('\n')
}
