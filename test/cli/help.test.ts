import { describe, expect, it } from 'vitest'
import { packageRoot } from '../../src/package.js'
import { cli } from '../support/cli.js'

const helpOf = async (...command: string[]) => (await cli(packageRoot(), [...command, '--help'])).stdout

const commandsOf = (help: string) => [...help.matchAll(/^ {2}(\w+) \[/gm)].map(([, name]) => name as string)

describe('help', () => {
  it('has examples and exit codes for every command, with options that it has', async () => {
    const commands = commandsOf(await helpOf()).filter((name) => name !== 'help')
    expect(commands).toHaveLength(10)
    for (const command of commands) {
      const help = await helpOf(command)
      const options = new Set([...help.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, option]) => option))
      const examples = [...help.matchAll(/^ {2}npx contention (.*)$/gm)].map(([, line]) => line as string)
      expect(examples.length, command).toBeGreaterThan(0)
      for (const example of examples) {
        expect(example.split(' ')[0]).toBe(command)
        for (const [option] of example.matchAll(/--[a-z-]+/g)) expect(options, example).toContain(option)
      }
      expect(help, command).toContain('\nExit codes: 0 all held; 1 ')
      for (const line of help.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
    }
  })

  it('says what no command at all exits with, and Ctrl-C', async () => {
    expect(await helpOf()).toMatch(
      /2 it could\nnot be checked \(also: no command was given\); 130 ended by Ctrl-C\.\n$/,
    )
    expect((await cli(packageRoot(), [])).code).toBe(2)
  })
})
