import { mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cli, folder, ownProject, polite, scenarioFile } from '../support/cli.js'

/** What the user reads: no stack, one message, exit code 2. */
async function refusal(cwd: string, ...argv: string[]): Promise<string> {
  const { code, stdout, stderr } = await cli(cwd, argv)
  expect(code).toBe(2)
  expect(stdout).toBe('')
  expect(stderr).toMatch(/^error: /)
  expect(stderr).not.toMatch(/^ {4}at /m)
  return stderr.replaceAll(cwd, '.')
}

describe('what cannot be used is refused with exit code 2, and said', () => {
  it('an unknown scenario, with the nearest names', async () => {
    expect(await refusal(folder(), 'run', 'lease-renewal')).toMatchInlineSnapshot(`
      "error: there is no scenario "lease-renewal"
        expected: lease-renewal-contention?
        to do:    \`npx contention list\` shows them all
      "
    `)
  })

  it('an unknown option and an unknown command, with the nearest', async () => {
    expect(await refusal(folder(), 'run', '--sed', '1')).toMatchInlineSnapshot(`
      "error: unknown option '--sed'
      (Did you mean --seed?)
      (see \`npx contention run --help\`)
      "
    `)
    expect(await refusal(folder(), 'chek')).toMatchInlineSnapshot(`
      "error: unknown command 'chek'
      (Did you mean check?)
      (see \`npx contention --help\`)
      "
    `)
  })

  it.each([
    ['explore', '--budget', 'v1'],
    ['list', '--quiet'],
    ['conformance', '--seed', '1'],
  ])('an option that the command would not look at: %s %s', async (...argv) => {
    expect(await refusal(folder(), ...argv)).toContain(`error: unknown option '${argv[1]}'\n`)
  })

  it.each([
    ['run', '--seed', '1', '2'],
    ['run', '--config', 'a.json', 'b.json'],
    ['run', '--budget', 'v1', 'v2'],
    ['check', '--patience', '1', '2'],
    ['explore', '--seeds', '1', '2'],
    ['explore', '--time', '1s', '2s'],
    ['tune', '--from-seed', '1', '2'],
    ['tune', '--workers', '1', '2'],
    ['replay', '--node', 'node-0', 'node-1'],
    ['verify', '--n', '1', '2'],
  ])('an option of which the second value would hide the first: %s %s', async (command, option, first, second) => {
    const rest = command === 'replay' ? ['lease-renewal-contention'] : []
    expect(await refusal(folder(), command, ...rest, option, first, option, second)).toBe(
      `error: ${option} was given more than once\n  expected: one at the most\n`,
    )
  })

  it('a parameter that is given twice', async () => {
    const twice = ['--param', 'ttlMs=100', '--param', 'ttlMs=200']
    expect(await refusal(folder(), 'run', 'lease-renewal-contention', ...twice)).toMatchInlineSnapshot(`
      "error: --param ttlMs was given more than once
        found:    100 and 200
        expected: one value at the most for each parameter
      "
    `)
  })

  it('a store that the configuration names wrongly, by its place there', async () => {
    const config = (stores: object) => folder({ 'contention.config.json': JSON.stringify({ stores }) })
    expect(await refusal(config({ CI: 'sqlite=ci.db' }), 'run', '--store', 'CI')).toMatchInlineSnapshot(`
      "error: ./contention.config.json is not a configuration
        file:     ./contention.config.json
        at:       stores.CI
        found:    "CI"
        expected: a name: lower case, digits and hyphens
      "
    `)
    expect(await refusal(config({ ci: 'sqlight=ci.db' }), 'run', '--store', 'ci')).toMatchInlineSnapshot(`
      "error: there is no store "sqlight=…"
        file:     ./contention.config.json
        at:       stores.ci
        store:    sqlight
        expected: one of memory, sqlite, git, postgres, redis; all but memory with =URL if it is not the usual place
      "
    `)
  })

  it('a log of verify that is not there', async () => {
    expect(await refusal(folder(), 'verify', '--from', 'verify.log')).toMatchInlineSnapshot(`
      "error: cannot read verify.log
        file:     verify.log
        found:    no such file
        expected: a file that can be read
      "
    `)
  })

  it('what a counterexample has of its own', async () => {
    expect(await refusal(folder(), 'replay', 'found.json', '--seed', '1')).toMatchInlineSnapshot(`
      "error: --seed cannot be used with a counterexample
        expected: the name of a scenario: a counterexample has a seed and parameters of its own, and no budget
      "
    `)
  })

  it('what chooses from a trace that is not shown', async () => {
    expect(await refusal(folder(), 'replay', 'lease-lifecycle', '--node', 'node-1')).toMatchInlineSnapshot(`
      "error: --node cannot be used without --trace
        expected: --trace, which shows every event
      "
    `)
  })

  it('a file that is no subject, and a subject without what a scenario needs', async () => {
    const own = "export default { name: 'own', core: () => ({ acquire: () => ({ kind: 'lease-held' }) }) }"
    const project = folder({ 'none.json': '{ "name": "none", "version": "1" }', 'own.mjs': own })
    expect(await refusal(project, 'run', '--subject', 'none.json')).toContain(
      'found:    subject "none" has no part of its own, but name, version: expected core, log, jobs or client',
    )
    expect(await refusal(project, 'run', '--subject', 'own.mjs')).toMatchInlineSnapshot(`
      "error: subject "own" has what it takes for none of these scenarios
        found:    without claim, renew, release
      "
    `)
    expect(await refusal(project, 'replay', 'lease-renewal-contention', '--subject', 'own.mjs')).toMatchInlineSnapshot(`
      "error: lease-renewal-contention needs what subject "own" does not have
        found:    without renew, release
      "
    `)
  })

  it('a seed or parameter that is no whole number, unknown, or out of range', async () => {
    const project = ownProject(polite)
    expect(await refusal(project, 'run', '--seed', '-1')).toMatchInlineSnapshot(`
      "error: --seed cannot be used
        found:    -1
        expected: a whole number from 0 to 4294967295
      "
    `)
    expect(await refusal(project, 'run', '--param', 'ttlMs=fast')).toMatchInlineSnapshot(`
      "error: --param cannot be used
        found:    ttlMs=fast
        expected: name=value with a whole number, as in --param ttlMs=500
      "
    `)
    expect(await refusal(project, 'run', '--param', 'tllMs=50')).toMatchInlineSnapshot(`
      "error: there is no parameter "tllMs" in own-scenario
        expected: ttlMs?
        to do:    \`npx contention list --params\` shows them all
      "
    `)
    expect(await refusal(project, 'run', '--param', 'ttlMs=5')).toMatchInlineSnapshot(`
      "error: parameter ttlMs of own-scenario is out of its range
        found:    5
        expected: a whole number from 10 to 1000
      "
    `)
  })

  it('a reporter that does not exist, and an output that is a folder or nobody’s', async () => {
    const project = ownProject(polite)
    mkdirSync(join(project, 'out'))
    expect(await refusal(project, 'run', '--reporter', 'jason')).toMatchInlineSnapshot(`
      "error: there is no reporter "jason"
        expected: json?
      "
    `)
    expect(await refusal(project, 'run', '--output', 'out')).toMatchInlineSnapshot(`
      "error: cannot write ./out
        file:     ./out
        found:    a directory
        expected: the path of a file
      "
    `)
    expect(await refusal(project, 'run', '--reporter', 'json', '--reporter', 'markdown')).toMatchInlineSnapshot(`
      "error: the reporters json and markdown would both write to stdout
        expected: a file for one of them, as in --reporter markdown=FILE
      "
    `)
    expect(
      await refusal(project, 'run', '--reporter', 'json=a.txt', '--reporter', 'markdown=./a.txt'),
    ).toMatchInlineSnapshot(`
      "error: the reporters json and markdown would both write to one file
        file:     ./a.txt
        expected: a file for each of them
      "
    `)
    expect(
      await refusal(project, 'run', '--reporter', 'json=a.txt', '--reporter', 'junit', '--output', 'a.txt'),
    ).toContain('the reporters json and junit would both write to one file')
  })

  it('a document on stdout beside anything else, in whatever order; lines may stand beside lines', async () => {
    const project = ownProject(polite)
    for (const others of [
      ['github', 'json'],
      ['json', 'github'],
      ['terminal', 'github', 'json'],
      ['json=/dev/stdout', 'terminal'],
    ]) {
      const said = await refusal(project, 'run', ...others.flatMap((name) => ['--reporter', name]))
      expect(said).toContain('write to stdout\n  expected: a file for one of them, as in --reporter json=FILE\n')
    }
    expect(await refusal(project, 'run', '--reporter', 'github', '--reporter', 'github')).toContain('github and github')
    for (const [one = '', two = ''] of [
      ['github', 'terminal'],
      ['terminal', 'github'],
    ]) {
      expect(await cli(project, ['run', '--reporter', one, '--reporter', two])).toMatchObject({ code: 0, stderr: '' })
    }
  })

  it('--json beside a reporter without a file', async () => {
    const { code, stdout, stderr } = await cli(ownProject(polite), ['run', '--json', '--reporter', 'junit'])
    expect(code).toBe(2)
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'not-checked' })
    expect(stderr).toMatchInlineSnapshot(`
      "error: --json and --reporter both say what goes to stdout
        found:    --json --reporter junit
        expected: one of them, or a file for the reporter, as in --reporter junit=FILE
        to do:    leave --json away: --reporter json is the same
      "
    `)
  })

  it('a configuration that throws, exports nothing, or says what it may not say', async () => {
    const config = (text: string, name = 'contention.config.ts') => refusal(folder({ [name]: text }), 'run')
    expect(await config('const a = 1\nthrow new Error("no database here")')).toMatchInlineSnapshot(`
      "error: ./contention.config.ts could not be loaded: it throws
        file:     ./contention.config.ts
        at:       line 2
        found:    no database here
        expected: a module that loads
      "
    `)
    expect(await config('const a = 1\nexport default { seed: }')).toMatchInlineSnapshot(`
      "error: ./contention.config.ts could not be loaded: a syntax error
        file:     ./contention.config.ts
        at:       line 2, column 24
        found:    Unexpected token
        expected: JavaScript, or TypeScript in a file whose name says so (.ts, .mts, .cts)
      "
    `)
    const imports = { 'contention.config.ts': 'import "./own.js"', 'own.js': 'const own = ;' }
    expect(await refusal(folder(imports), 'run')).toContain(
      './contention.config.ts could not be loaded: a syntax error in what it imports\n  file:     ./own.js\n  at:       line 1, column 13',
    )
    expect(await config('export const config = {}')).toMatchInlineSnapshot(`
      "error: ./contention.config.ts exports no configuration
        file:     ./contention.config.ts
        found:    exports config
        expected: export default defineConfig({ … })
      "
    `)
    expect(await config('export default { sed: 1 }')).toMatchInlineSnapshot(`
      "error: ./contention.config.ts is not a configuration
        file:     ./contention.config.ts
        at:       sed
        found:    a field that does not exist
        expected: seed? (one of $schema, scenarios, builtIn, subjects, stores, seed, parameters, budgets, snapshots, maxEvents)
      "
    `)
    expect(await config('export default { seed: 1.5 }')).toMatchInlineSnapshot(`
      "error: ./contention.config.ts is not a configuration
        file:     ./contention.config.ts
        at:       seed
        found:    1.5
        expected: a whole number
      "
    `)
    expect(await config('{ "seed": 1', 'contention.config.json')).toMatchInlineSnapshot(`
      "error: ./contention.config.json is not valid JSON
        file:     ./contention.config.json
        at:       line 1, column 12
        found:    close brace expected
        expected: JSON without comments
      "
    `)
    expect(await config('export default { subjects: ["./missing.ts"] }')).toMatchInlineSnapshot(`
      "error: a subject of the configuration does not exist
        file:     ./contention.config.ts
        at:       subjects[0]
        found:    ./missing.ts
        expected: a file whose default export is a subject
      "
    `)
    expect(await config('export default { scenarios: ["./missing.ts"] }')).toMatchInlineSnapshot(`
      "error: a scenario file does not exist
        file:     ./contention.config.ts
        at:       scenarios[0]
        found:    ./missing.ts
        expected: a file whose exports are scenarios
      "
    `)
    expect(await config('export default { builtIn: ["lease-renewal"] }')).toMatchInlineSnapshot(`
      "error: there is no built-in scenario "lease-renewal"
        file:     ./contention.config.ts
        at:       builtIn[0]
        found:    lease-renewal
        expected: lease-renewal-contention?
      "
    `)
    expect(
      await config('export default { parameters: { "lease-renewal-contention": { ttlMs: 1 } } }'),
    ).toMatchInlineSnapshot(`
      "error: the parameters of lease-renewal-contention cannot be used
        file:     ./contention.config.ts
        at:       parameters."lease-renewal-contention".ttlMs
        found:    parameter ttlMs is 1: expected a whole number from 10 to 3600000
      "
    `)
  })

  it('a configuration in which a scenario is not there, with the nearest, or is not measured', async () => {
    const config = (value: object) => refusal(folder({ 'contention.config.json': JSON.stringify(value) }), 'run')
    expect(await config({ parameters: { 'lease-renewal': { nodes: 2 } } })).toMatchInlineSnapshot(`
      "error: there is no scenario "lease-renewal"
        file:     ./contention.config.json
        at:       parameters."lease-renewal"
        found:    lease-renewal
        expected: lease-renewal-contention?
      "
    `)
    expect(await config({ builtIn: ['job-lifecycle'] })).toMatchInlineSnapshot(`
      "error: scenario "job-lifecycle" is made for exploration: it is not measured
        file:     ./contention.config.json
        at:       builtIn[0]
        expected: one of ownership-fencing-contention, lease-renewal-contention, takeover-queue-retry-pressure, checkpoint-replay-windows
        to do:    explore it: \`npx contention explore job-lifecycle\`
      "
    `)
  })

  it.each<[object, string, string]>([
    [{ parameters: [] }, 'parameters', 'an object, as in { … }'],
    [
      { parameters: { 'lease-renewal-contention': 5 } },
      'parameters."lease-renewal-contention"',
      'an object, as in { … }',
    ],
    [{ stores: 'sqlite' }, 'stores', 'an object, as in { … }'],
    [{ stores: { CI: 'sqlite' } }, 'stores.CI', 'a name: lower case, digits and hyphens'],
    [{ $schema: 1 }, '$schema', 'text'],
    [[], 'the top level', 'an object, as in { … }'],
  ])('a configuration of %j, in the words of people', async (value, at, expected) => {
    const { stdout } = await cli(folder({ 'contention.config.json': JSON.stringify(value) }), ['run', '--json'])
    expect(JSON.parse(stdout).error).toMatchObject({ at, expected })
  })

  it.each([
    ['10n', '10n'],
    ['1e999', 'Infinity'],
    ['0 / 0', 'NaN'],
    ['[10n]', 'a list that is not JSON'],
    ['(() => { const own = {}; own.own = own; return own })()', 'an object that is not JSON'],
  ])('a configuration with a seed of %s, which JSON has no word for', async (seed, found) => {
    const root = folder({ 'contention.config.mjs': `export default { seed: ${seed} }` })
    const { code, stdout } = await cli(root, ['run', '--json'])
    expect([code, JSON.parse(stdout).error]).toMatchObject([2, { at: 'seed', found, expected: 'a whole number' }])
  })

  it('a --config that is a folder, or is not there', async () => {
    const root = folder({ 'inner/contention.config.json': '{}', 'empty/none': '' })
    expect(await refusal(root, 'run', '--config', 'inner')).toMatchInlineSnapshot(`
      "error: ./inner is not a configuration: it is a folder
        file:     ./inner
        expected: the path of a file
        to do:    pass --config ./inner/contention.config.json
      "
    `)
    expect(await refusal(root, 'run', '--config', 'empty')).toMatchInlineSnapshot(`
      "error: ./empty is not a configuration: it is a folder
        file:     ./empty
        expected: the path of a file
        to do:    name the file, or leave --config out: contention.config.ts, .mts, .cts, .js, .mjs, .cjs or .json is found from here upward
      "
    `)
    expect(await refusal(root, 'run', '--config', 'missing.ts')).toMatchInlineSnapshot(`
      "error: ./missing.ts is not a configuration: it does not exist
        file:     ./missing.ts
        expected: the path of a file
        to do:    name the file, or leave --config out: contention.config.ts, .mts, .cts, .js, .mjs, .cjs or .json is found from here upward
      "
    `)
  })

  it('a configuration in a file that cannot be loaded, and --config is not advised there', async () => {
    const yaml = folder({ 'contention.config.yaml': 'seed: 1' })
    expect(await refusal(yaml, 'list')).toMatchInlineSnapshot(`
      "error: contention.config.yaml is not a name under which a configuration is looked for
        file:     ./contention.config.yaml
        expected: one of contention.config.ts, contention.config.mts, contention.config.cts, contention.config.js, contention.config.mjs, contention.config.cjs, contention.config.json
        to do:    write it as one of these: nothing else is read, by --config either
      "
    `)
    expect(await refusal(yaml, 'list', '--config', 'contention.config.yaml')).toMatchInlineSnapshot(`
      "error: ./contention.config.yaml cannot be read as a configuration
        file:     ./contention.config.yaml
        found:    a file that ends in .yaml
        expected: one that ends in .ts, .mts, .cts, .js, .mjs, .cjs or .json
      "
    `)
    const aside = folder({ 'contention.conf.mjs': 'export default {}' })
    expect(await refusal(aside, 'list')).toContain('to do:    rename it, or pass it with --config\n')
    expect((await cli(aside, ['list', '--config', 'contention.conf.mjs'])).code).toBe(0)
  })

  it('a subject where a scenario should be, a scenario where a subject should be, and what is not exported as default', async () => {
    const subject = "{ name: 'mine', core: ({ builtIn: { core } }) => ({ acquire: core.acquire }) }"
    const project = folder({
      'mine.mjs': `export default ${subject}`,
      'named.mjs': `export const mine = ${subject}`,
      'own.mjs': scenarioFile(polite),
      'swapped.json': JSON.stringify({ scenarios: ['./mine.mjs'] }),
      'other.json': JSON.stringify({ subjects: ['./own.mjs'] }),
    })
    expect(await refusal(project, 'list', '--config', 'swapped.json')).toMatchInlineSnapshot(`
      "error: ./mine.mjs exports no scenario
        file:     ./mine.mjs
        found:    a subject
        expected: export default defineScenario({ … })
        to do:    name it under \`subjects\` of the configuration
      "
    `)
    expect(await refusal(project, 'conformance', '--config', 'other.json')).toMatchInlineSnapshot(`
      "error: ./own.mjs exports no subject
        file:     ./own.mjs
        found:    a scenario
        expected: export default defineSubject({ … })
        to do:    name it under \`scenarios\` of the configuration
      "
    `)
    expect(await refusal(project, 'run', '--subject', 'named.mjs')).toMatchInlineSnapshot(`
      "error: ./named.mjs exports no subject
        file:     ./named.mjs
        found:    exports mine
        expected: export default defineSubject({ … })
        to do:    export mine as default
      "
    `)
  })

  it('a configuration that is found, here or further up, and cannot be read or is empty', async () => {
    const root = folder({ 'contention.config.json/file': '', 'below/file': '' })
    for (const cwd of [root, join(root, 'below')]) {
      expect((await refusal(cwd, 'run')).replaceAll(root, '.')).toMatch(
        /^error: cannot read \.(\/\.\.)?\/contention\.config\.json\n {2}file: .*\n {2}found: {4}a directory\n/,
      )
    }
    expect(await refusal(folder({ 'contention.config.json': '' }), 'list')).toMatchInlineSnapshot(`
      "error: ./contention.config.json is empty
        file:     ./contention.config.json
        found:    nothing
        expected: an object, as in { … }
        to do:    write the configuration, or remove the file
      "
    `)
    const empty = folder({ 'contention.config.ts': ' \n', 'below/file': '' })
    expect(await refusal(join(empty, 'below'), 'check')).toContain('contention.config.ts is empty\n')
    expect(await refusal(empty, 'run', '--config', 'contention.config.ts')).toContain('defineConfig')
  })

  it('a scenario that is there, but to be explored', async () => {
    expect(await refusal(folder(), 'run', 'lease-lifecycle')).toMatchInlineSnapshot(`
      "error: scenario "lease-lifecycle" is made for exploration: it is not measured
        expected: one of ownership-fencing-contention, lease-renewal-contention, takeover-queue-retry-pressure, checkpoint-replay-windows
        to do:    explore it: \`npx contention explore lease-lifecycle\`
      "
    `)
    expect(await refusal(folder(), 'check', 'worker-failure-zombie')).toContain(
      '`npx contention explore worker-failure-zombie`',
    )
  })

  it('a selection of nothing', async () => {
    expect(await refusal(folder({ 'contention.config.json': '{ "builtIn": false }' }), 'run')).toMatchInlineSnapshot(`
      "error: there is nothing to run: no scenario is selected
        file:     ./contention.config.json
        expected: at least one scenario
        to do:    add a scenario file under \`scenarios\`, or set \`builtIn\` to true
      "
    `)
  })

  it('a scenario file that is no scenario', async () => {
    const own = (text: string) =>
      refusal(
        folder({ 'contention.config.json': '{ "scenarios": ["./own.ts"], "builtIn": false }', 'own.ts': text }),
        'run',
      )
    expect(await own('export const nothing = 1')).toMatchInlineSnapshot(`
      "error: ./own.ts exports no scenario
        file:     ./own.ts
        found:    exports nothing
        expected: export default defineScenario({ … })
      "
    `)
    expect(await own('export default { name: "Own", parameters: {} }')).toMatchInlineSnapshot(`
      "error: ./own.ts is not a scenario
        file:     ./own.ts
        at:       name
        found:    "Own"
        expected: lower case words joined by hyphens
      "
    `)
    expect(await own(scenarioFile(polite).replace('network:', 'fault: () => [], network:'))).toMatchInlineSnapshot(`
      "error: ./own.ts is not a scenario
        file:     ./own.ts
        at:       fault
        found:    a field that does not exist
        expected: faults?
      "
    `)
    const nothing = scenarioFile(polite).replace(
      'invariants: () => []',
      'explore: () => ({}), invariants: () => [undefined]',
    )
    const unruly = folder({ 'contention.config.json': '{ "scenarios": ["./own.ts"] }', 'own.ts': nothing })
    expect(await refusal(unruly, 'explore', 'own-scenario', '--invariant', 'epochs-grow')).toMatchInlineSnapshot(`
      "error: the invariants of own-scenario cannot be used
        found:    invariant 1 of 1 is undefined: expected { name, rule, kinds, begin(cast) { … } }
        expected: a list of invariants
      "
    `)
    const needing = (needs: string) => own(scenarioFile(polite).replace('network:', `needs: ${needs}, network:`))
    expect(await needing('"append"')).toContain('expected: a list of commands')
    expect(await needing('["apend"]')).toMatchInlineSnapshot(`
      "error: ./own.ts is not a scenario
        file:     ./own.ts
        at:       needs[0]
        found:    "apend"
        expected: one of acquire, claim, renew, release, validate, append, checkpoint, truncate, load, read, enqueue, take, complete, fail, queue
      "
    `)
    expect(
      await own(scenarioFile(polite, 'lease-renewal-contention').replace('default: 100', 'default: 5')),
    ).toMatchInlineSnapshot(`
      "error: ./own.ts: the defaults of lease-renewal-contention contradict their bounds
        found:    parameter ttlMs is 5: expected a whole number from 10 to 1000
      "
    `)
  })

  it('a scenario that never ends, that throws, or that forgets a yield', async () => {
    expect(
      await refusal(ownProject('for (;;) yield node.sleep(0)'), 'run', '--max-events', '1000'),
    ).toMatchInlineSnapshot(`
      "error: own-scenario is not over, at 0 ms of 500 ms of virtual time, which stands still: nothing has happened in 1000 steps
        expected: a process that sleeps or waits between its steps
        to do:    mend what loops, or raise the limit with --max-events
      "
    `)
    expect(await refusal(ownProject(polite), 'run', '--max-events', '10')).toMatchInlineSnapshot(`
      "error: own-scenario is not over after 10 events, at 29 ms of 500 ms of virtual time
        to do:    raise the limit with --max-events, or mend what loops
      "
    `)
    const thrown = await refusal(ownProject('yield node.sleep(7); throw new Error("my mistake")'), 'run')
    expect(thrown.replace(/own\.ts:\d+:\d+/, 'own.ts:LINE')).toMatchInlineSnapshot(`
      "error: own-scenario: the scenario throws, at 7 ms of virtual time, on behalf of node-0
        at:       Object.node (./own.ts:LINE)
        found:    my mistake
        expected: a node that does not throw: a refusal and a timeout are what \`yield\` returns
      "
    `)
    const parts = (from: string, to: string) =>
      refusal(ownProject('', { 'own.ts': scenarioFile(polite).replace(from, to) }), 'run')
    expect(await parts(', timeoutMs: 50', '')).toMatchInlineSnapshot(`
      "error: own-scenario: its network cannot be used
        file:     ./own.ts
        found:    a network without timeoutMs
        expected: a whole number above 0, of virtual milliseconds
      "
    `)
    expect(
      await parts('invariants:', "faults: () => [{ kind: 'pause', node: 9, atMs: 1, durationMs: 5 }], invariants:"),
    ).toMatchInlineSnapshot(`
      "error: own-scenario: its faults cannot be used
        file:     ./own.ts
        found:    there is no node 9
        expected: 0 to 1
      "
    `)
    const inNetwork = await parts('network: () => (', 'network: () => ({}).none.such && (')
    expect(inNetwork.replace(/own\.ts:\d+:\d+/, 'own.ts:LINE')).toMatchInlineSnapshot(`
      "error: own-scenario: the scenario throws, at 0 ms of virtual time, on behalf of its network
        at:       Object.network (./own.ts:LINE)
        found:    Cannot read properties of undefined (reading 'such')
        expected: code that does not throw
      "
    `)
    const asleep = await refusal(ownProject('yield node.sleep(-1)'), 'run')
    expect(asleep.replace(/own\.ts:\d+:\d+/, 'own.ts:LINE')).toMatchInlineSnapshot(`
      "error: own-scenario: node-0 does what it cannot, at 0 ms of virtual time
        at:       Object.node (./own.ts:LINE)
        found:    cannot sleep -1 ms
        expected: a whole number, 0 or more
      "
    `)
    // What one run alone comes upon is chance: it remembers, or reads what it may not.
    const again = 'globalThis.asked = (globalThis.asked ?? 0) + 1; if (globalThis.asked > 2) throw new Error("again");'
    expect(await refusal(ownProject(`${again} ${polite}`), 'run')).toMatch(
      /, in the second run alone: it is not deterministic\n(.*\n)* {2}to do: {4}take time from nowMs, chance from random/,
    )
    // What another has failed in is told nevertheless.
    const failing = scenarioFile(polite, 'failing').replace(
      'invariants: () => []',
      "invariants: () => [{ name: 'none', rule: 'nothing is sent', kinds: ['sent'], begin: () => ({ step: () => 'sent' }) }]",
    )
    const both = ownProject('yield node.sleep(7); throw new Error("my mistake")', { 'failing.mjs': failing })
    const config = JSON.stringify({ scenarios: ['failing.mjs', 'own.ts'], builtIn: false })
    writeFileSync(join(both, 'contention.config.json'), config)
    const { code, stderr } = await cli(both, ['run'])
    expect(code).toBe(2)
    expect(stderr).toMatch(/^FAIL {2}failing.*invariant none broke.*FAIL {2}0 of 1.*\nerror: own-scenario: the/s)
    const forgotten = await refusal(ownProject('node.sleep(5); yield node.sleep(5)'), 'run')
    expect(forgotten.replace(/own\.ts:\d+:\d+/, 'own.ts:LINE')).toMatchInlineSnapshot(`
      "error: own-scenario: node-0 does what it cannot, at 0 ms of virtual time
        at:       Object.node (./own.ts:LINE)
        found:    a process asked for a sleep while it waits for a sleep: is a \`yield\` missing?
      "
    `)
  })

  it('a budget version or file that does not exist', async () => {
    expect(await refusal(folder(), 'run', '--budget', 'v9')).toMatchInlineSnapshot(`
      "error: there is no version 9 of the budgets
        file:     ./budgets/v9.json
        found:    no budget files
        expected: v9.json
        to do:    \`npx contention tune --write\` makes the next version
      "
    `)
    expect(await refusal(folder(), 'run', '--budget', '0')).toMatchInlineSnapshot(`
      "error: there is no version 0 of the budgets
        found:    0
        expected: a version, which begin at 1, or the path of a file
      "
    `)
    expect(await refusal(folder(), 'run', '--budget', 'none.json')).toMatchInlineSnapshot(`
      "error: cannot read ./none.json
        file:     ./none.json
        found:    no such file
        expected: a file that can be read
      "
    `)
  })

  it('a name that is empty, and a version of the budgets that would not count', async () => {
    expect(await refusal(folder(), 'run', '--budget', '')).toMatchInlineSnapshot(`
      "error: --budget is empty
        expected: a version, as v2, or the path of a file
      "
    `)
    expect(await refusal(folder(), 'run', '--reporter', 'json=')).toMatchInlineSnapshot(`
      "error: --reporter json= names no file
        expected: --reporter json=FILE
      "
    `)
    expect(await refusal(folder(), 'run', '--output', '')).toContain('--output is empty\n')
    const padded = ownProject(polite, { 'budgets/v010.json': '{ "version": 10, "scenarios": {} }' })
    expect(await refusal(padded, 'run')).toMatchInlineSnapshot(`
      "error: v010.json is not the name of a version of the budgets
        file:     ./budgets/v010.json
        expected: v1.json, v2.json and so on, without zeros before the number
      "
    `)
  })

  it.skipIf(sep === '\\')('the separator of another system, which it names', async () => {
    const refused = async (config: object, ...argv: readonly string[]) =>
      refusal(ownProject(polite, { 'contention.config.json': JSON.stringify(config) }), ...argv)
    for (const message of [
      await refused({ scenarios: ['scenarios\\own.ts'] }, 'run'),
      await refused({ budgets: 'our\\budgets' }, 'run'),
      await refused({ subjects: ['.\\subjects\\good.ts'] }, 'conformance'),
    ]) {
      expect(message).toContain('to do:    use / between folders: a backslash is a letter of a name here\n')
    }
  })

  it('a folder of budgets that is not there, unless it is about to be made', async () => {
    const config = { scenarios: ['./own.ts'], builtIn: false, budgets: 'budgts' }
    const own = ownProject(polite, { 'contention.config.json': JSON.stringify(config) })
    expect(await refusal(own, 'run')).toMatchInlineSnapshot(`
      "error: the folder of the budgets does not exist
        file:     ./contention.config.json
        at:       budgets
        found:    ./budgts
        expected: a folder with budget files, v1.json and so on
        to do:    mend the path, or have \`npx contention tune --write\` make the folder
      "
    `)
    for (const command of ['check', 'update', 'list', 'replay own-scenario']) {
      expect(await refusal(own, ...command.split(' '))).toContain('error: the folder of the budgets does not exist')
    }
    expect((await cli(own, ['tune', '--seeds', '2', '--write'])).code).toBe(0)
    expect((await cli(own, ['run'])).code).toBe(0)
  })

  it('a file of JSON that says something twice; but a byte order mark is nothing to refuse', async () => {
    const limits = `
      "maxLeaseWindowP95Ms": 100000, "maxCheckpointWindowEvents": 0, "maxReplayWindowMs": 0, "maxQueueDepth": 100,
      "maxRetryAttempts": 1000`
    const budgets = (more: string) => `\uFEFF{ "version": 1, "scenarios": { "own-scenario": {${limits}${more} } } }`
    const twice = ownProject(polite, { 'budgets/v1.json': budgets(',\n      "maxRetryAttempts": 1') })
    expect(await refusal(twice, 'run')).toMatchInlineSnapshot(`
      "error: ./budgets/v1.json says something twice
        file:     ./budgets/v1.json
        at:       line 4, column 7
        found:    "maxRetryAttempts" once more
        expected: each key once in its object
      "
    `)
    const hidden = ownProject(polite, { 'budgets/v1.json': '{ "version": 1, "scenarios": { "__proto__": {} } }' })
    expect(await refusal(hidden, 'run')).toMatchInlineSnapshot(`
      "error: ./budgets/v1.json has a key that cannot be one
        file:     ./budgets/v1.json
        at:       line 1, column 32
        found:    "__proto__"
        expected: another name
      "
    `)
    const marked = ownProject(polite, { 'budgets/v1.json': budgets('') })
    const config = join(marked, 'contention.config.json')
    writeFileSync(config, `\uFEFF${readFileSync(config, 'utf8')}`)
    expect(await cli(marked, ['run'])).toMatchObject({ code: 0, stderr: '' })
  })

  it('and no file is left where one would have been written, nor a link gone', async () => {
    const root = folder()
    symlinkSync('later.md', join(root, 'link.md'))
    const nobody = ['--database-url', 'postgres://somebody@127.0.0.1:1/nothing', '--commit', 'abcdef0']
    const said = await cli(root, ['verify', ...nobody, '--summary', 'link.md', '--canonical', 'canonical.json'])
    expect(said).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot be reached') })
    expect(readdirSync(root)).toEqual(['link.md'])
    expect(readlinkSync(join(root, 'link.md'))).toBe('later.md')
  })

  it('and as JSON for machines', async () => {
    const { code, stdout } = await cli(folder(), ['run', 'nothing-like-it', '--json'])
    expect(code).toBe(2)
    expect(JSON.parse(stdout)).toMatchObject({
      verdict: 'not-checked',
      error: { what: 'there is no scenario "nothing-like-it"' },
    })
    const usage = await cli(folder(), ['run', '--sed', '1', '--json'])
    expect(usage).toMatchObject({ code: 2, stderr: expect.stringMatching(/^error: unknown option '--sed'\n/) })
    expect(JSON.parse(usage.stdout)).toEqual({
      verdict: 'not-checked',
      error: { what: "unknown option '--sed'", expected: '--seed?' },
    })
    const excess = await cli(folder(), ['update', 'one', '--json'])
    expect(JSON.parse(excess.stdout)).toMatchObject({ error: { what: expect.stringContaining('too many arguments') } })
  })
})
