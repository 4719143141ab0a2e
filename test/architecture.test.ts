import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { packageRoot } from '../src/package.js'

/**
 * What each folder may import of ours: all of a folder, or only its types. Data flows one way; a folder that is not named
 * here may not exist.
 */
const allowed: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  lease: [],
  input: [],
  jobs: ['lease'],
  log: ['lease'],
  // All that lease, log and jobs may be asked, and what they may answer.
  protocol: ['types of lease', 'types of log', 'types of jobs'],
  stores: ['lease', 'jobs', 'log', 'protocol', 'input'],
  authority: ['lease', 'log', 'protocol', 'stores'],
  stress: ['lease', 'log', 'protocol', 'stores'],
  subject: ['kernel', 'lease', 'jobs', 'log', 'protocol', 'stores', 'input'],
  trace: ['types of kernel', 'types of lease', 'log', 'protocol'],
  // Types alone: what model and reality both count.
  metrics: ['protocol', 'trace'],
  invariants: ['protocol', 'trace', 'input'],
  scenario: ['kernel', 'lease', 'jobs', 'log', 'protocol', 'subject', 'trace', 'metrics', 'invariants', 'input'],
  scenarios: [
    'input',
    'scenario',
    'subject',
    'kernel',
    'lease',
    'jobs',
    'log',
    'protocol',
    'trace',
    'metrics',
    'invariants',
  ],
  budget: ['metrics', 'input'],
  report: ['metrics', 'types of invariants', 'budget'],
  gate: ['report', 'metrics', 'budget', 'input'],
  run: ['scenario', 'subject', 'kernel', 'trace', 'budget', 'report', 'input'],
  tune: ['run', 'scenario', 'metrics', 'budget', 'report'],
  explore: ['scenario', 'subject', 'kernel', 'invariants', 'lease', 'log', 'protocol', 'stores', 'trace', 'input'],
  conformance: ['jobs', 'lease', 'log', 'protocol', 'subject'],
  fabric: ['stores', 'input', 'types of metrics'],
  config: ['scenarios', 'scenario', 'subject', 'protocol', 'explore', 'run', 'budget', 'gate', 'input', 'package.ts'],
  cli: ['*'],
  'index.ts': ['*'],
  'package.ts': [],
}

/** The one home of each package, and of what reaches the host. */
const homes: readonly (readonly [packages: RegExp, home: RegExp, instead: string])[] = [
  [/^seedrandom/, /^src\/kernel\/random\.ts$/, 'randomStream of src/kernel'],
  [/^commander$/, /^src\/cli\/(main|program)\.ts$/, 'a command in src/cli/program.ts'],
  [/^cli-progress$/, /^src\/cli\/terminal\/progress\.ts$/, 'withProgress of src/cli'],
  [/^chalk$/, /^src\/cli\//, 'a Paint of src/report that is passed in'],
  [/^zod$/, /^src\/(\w+\/schema|input\/validate)\.ts$/, 'a schema.ts and validate of src/input'],
  [/^jsonc-parser$/, /^src\/input\//, 'parseJson of src/input'],
  [/^fastest-levenshtein$/, /^src\/input\//, 'nearest of src/input'],
  [/^(jiti|lilconfig)$/, /^src\/config\//, 'src/config'],
  [/^(fast-check|tinybench|@sinonjs\/fake-timers|vitest)/, /^test\//, 'the tests'],
  [/^graphile-worker$/, /^src\/fabric\/engines\/graphile\.ts$/, 'an Engine of src/fabric'],
  [/^pg-boss$/, /^src\/fabric\/engines\/pg-boss\.ts$/, 'an Engine of src/fabric'],
  [/^pg$/, /^src\/stores\/postgres\//, 'openStore of src/stores'],
  [
    /^node:crypto$/,
    /^src\/((kernel\/random|lease\/fence|trace\/digest|report\/signature|gate\/snapshot|stores\/key|fabric\/(place|database|verify))\.ts$|stores\/\w+\/)/,
    'a digest that is there already',
  ],
  [
    /^node:os$/,
    /^src\/((trace\/digest|cli\/terminal\/io|stores\/open)\.ts$|stores\/\w+\/)/,
    'nothing: only the byte order of the host matters, how many cores it has, and where temporary files go',
  ],
  [
    /^node:(fs|path|url)/,
    /^src\/(cli|gate|config|budget\/parse\.ts|package\.ts|stores\/\w+\/)/,
    'src/gate, src/config, src/cli or the adapter of a store',
  ],
  [
    /^node:(async_hooks|module)$/,
    /^src\/(scenario\/(host-clocks|in-steps)\.ts|stores\/\w+\/|fabric\/|cli\/)/,
    'src/scenario/host-clocks.ts, which stands in for the clocks of the host',
  ],
  [
    /^node:timers\/promises$/,
    /^src\/(scenario\/in-steps\.ts|cli\/|stress\/|fabric\/|stores\/\w+\/)/,
    'turn of src/scenario/in-steps.ts, which lets promises go on and measures no time',
  ],
  [/^node:diagnostics_channel$/, /^src\/config\//, 'src/config, which says what it loads'],
  [/^node:/, /^src\/(cli|stress|fabric|stores\/\w+)\//, 'src/cli, src/stress, src/fabric or the adapter of a store'],
]

/** What may never stand in code that has to give the same on every host. */
const hostDependent =
  /\bnew Date\b|\b(Date|performance|crypto|setTimeout|setInterval|setImmediate|queueMicrotask)\b\s*[.(]|\bprocess\.(env|argv|exit|hrtime|uptime|pid|platform|memoryUsage|nextTick|cwd|stdout|stderr|stdin)\b|\bMath\.(random|log\w*|exp\w*|pow|sqrt|cbrt|hypot|a?(sin|cos|tan)h?|atan2)\b|\.(localeCompare|toLocale\w+)\(|\*\*/
/** The adapters of the stores reach the host: what they answer has to be the same, not how long they wait for it. */
const adapters = /^src\/stores\/\w+\//
const deterministic = [
  'kernel',
  'lease',
  'jobs',
  'log',
  'protocol',
  'stores',
  'subject',
  'trace',
  'metrics',
  'invariants',
  'scenario',
  'scenarios',
  'budget',
  'report',
  'run',
  'tune',
  'explore',
  'conformance',
  'authority',
]

interface Source {
  readonly path: string
  readonly home: string
  readonly text: string
  readonly imports: readonly Import[]
}

interface Import {
  readonly from: string
  readonly typesOnly: boolean
}

const root = packageRoot()
const sources = ['src', 'scenarios'].flatMap(sourcesIn)

function sourcesIn(folder: string): readonly Source[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => {
      const path = join(folder, name)
      const text = readFileSync(join(root, path), 'utf8')
      return { path, home: homeOf(path), text, imports: importsOf(text) }
    })
}

function importsOf(text: string): readonly Import[] {
  const named = /^(?:import|export) (type )?(\{[^}]*\}|\*(?: as \w+)?|\w+)(?:, (\{[^}]*\}))? from '([^']+)'/gm
  const bare = /^import '([^']+)'|\bimport\('([^']+)'\)/gm
  return [
    ...[...text.matchAll(named)].map(([, type, what = '', , from = '']) => ({
      from,
      typesOnly: type !== undefined || /^\{(\s*type \w+,?)+\s*\}$/.test(what),
    })),
    ...[...text.matchAll(bare)].map(([, first, second]) => ({ from: first ?? second ?? '', typesOnly: false })),
  ]
}

function homeOf(path: string): string {
  const [top, second] = path.split('/')
  return top === 'src' ? (second as string) : (top as string)
}

/** The imports of a file that lead to another file of ours. */
function ours({ path, imports }: Source): readonly { path: string; home: string; typesOnly: boolean }[] {
  return imports
    .filter(({ from }) => from.startsWith('.') && from.endsWith('.js'))
    .map(({ from, typesOnly }) => {
      const file = relative(root, resolve(root, dirname(path), from)).replace(/\.js$/, '.ts')
      return { path: file, home: homeOf(file), typesOnly }
    })
}

describe('the architecture', () => {
  it('has no folder without a rule', () => {
    expect([...new Set(sources.map(({ home }) => home))].filter((home) => !(home in allowed))).toEqual([])
  })

  it('lets data flow one way: a folder imports only what its rule allows', () => {
    const broken = sources.flatMap((source) => {
      const rule = allowed[source.home] ?? []
      if (rule.includes('*')) return []
      return ours(source)
        .filter(({ home }) => home !== source.home && !rule.includes(home))
        .filter(({ home, typesOnly }) => !typesOnly || !rule.includes(`types of ${home}`))
        .map(
          ({ path }) =>
            `${source.path} imports ${path}: ${source.home} may import ${rule.join(', ') || 'nothing of ours'}`,
        )
    })
    expect(broken).toEqual([])
  })

  it('has one place for everything: a folder passes on nothing of another but types', () => {
    const passing = /^export (?!type )(?:\{[^}]*\}|\*(?: as \w+)?) from '\.\.\//m
    const broken = sources.filter(({ path, text }) => path !== 'src/index.ts' && passing.test(text))
    expect(broken.map(({ path }) => path)).toEqual([])
  })

  it('lets nobody import cli', () => {
    const importers = sources.filter(
      (source) => source.home !== 'cli' && source.imports.some(({ from }) => from.includes('/cli/')),
    )
    expect(importers.map(({ path }) => path)).toEqual([])
  })

  it('uses each package, and each way to the host, in its one home', () => {
    const broken = sources.flatMap(({ path, imports }) =>
      imports
        .filter(({ from }) => !from.startsWith('.'))
        .flatMap(({ from }) => {
          const rule = homes.find(([packages]) => packages.test(from))
          if (rule === undefined) return [`${path} imports ${from}, which has no home yet`]
          return rule[1].test(path) ? [] : [`${path} imports ${from}: use ${rule[2]}`]
        }),
    )
    expect(broken).toEqual([])
  })

  it('measures in the benchmarks, and nowhere else in the tests', () => {
    const measuring = /^(tinybench|@sinonjs\/fake-timers)/
    const users = sourcesIn('test').filter(({ imports }) => imports.some(({ from }) => measuring.test(from)))
    expect(users.filter(({ path }) => !path.startsWith('test/bench/')).map(({ path }) => path)).toEqual([])
  })

  it('keeps clock, chance and the engine’s own rounding out of what has to be the same everywhere', () => {
    const broken = sources
      .filter(({ home, path }) => deterministic.includes(home) && !adapters.test(path))
      .flatMap(({ path, text }) =>
        text.split('\n').flatMap((line, index) => {
          const code = line.replace(/\/\/.*$|^\s*\/?\*.*$|'[^']*'/g, '')
          return hostDependent.test(code) ? [`${path}:${index + 1} ${line.trim()}`] : []
        }),
      )
    expect(broken, 'under the kernel: node.nowMs, node.sleep, node.spawn and node.random').toEqual([])
  })

  it('knows a clock, a die and a logarithm when it sees one', () => {
    for (const line of [
      'Date.now()',
      'new Date()',
      'new Date',
      'crypto.randomUUID()',
      'process.nextTick(f)',
      'Math.random()',
      'performance.now()',
      'setTimeout(f, 1)',
      'Math.log2(8)',
      'a.localeCompare(b)',
    ]) {
      expect(hostDependent.test(line), line).toBe(true)
    }
  })

  it('sees every way to import', () => {
    expect(
      importsOf(`import a, { b } from 'one'
import {
  type C,
  type D,
} from 'two'
import { type E, f } from 'three'
export * from 'four'
export type { G } from 'five'
import * as h from 'six'
import 'seven'
const later = await import('eight')
`).map(({ from, typesOnly }) => (typesOnly ? `types of ${from}` : from)),
    ).toEqual(['one', 'types of two', 'three', 'four', 'types of five', 'six', 'seven', 'eight'])
  })

  it('has no two files that import each other, however far around', () => {
    const graph = new Map(sources.map((source) => [source.path, ours(source).map(({ path }) => path)]))
    const done = new Set<string>()
    const visit = (path: string, trail: readonly string[]): readonly string[] => {
      if (trail.includes(path)) return [[...trail.slice(trail.indexOf(path)), path].join(' → ')]
      if (done.has(path)) return []
      const found = (graph.get(path) ?? []).flatMap((next) => visit(next, [...trail, path]))
      done.add(path)
      return found
    }
    expect([...graph.keys()].flatMap((path) => visit(path, []))).toEqual([])
  })
})
