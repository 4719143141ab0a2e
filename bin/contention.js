#!/usr/bin/env node
// Left alone, Node ends in silence when all that is left is a promise that nobody keeps, and with success when a file that was
// loaded says `process.exit(0)`, and with a stack trace and a failure's exit code when something that nobody waits for fails.
// None of them has checked anything.
let waiting = true
let why = 'a file that was loaded ended the process: the configuration, or one that it or the command names'
process.once('beforeExit', () => {
  why = 'waiting for a promise that is never kept: of the configuration, or of a file that it or the command names'
})
const say = (text) => {
  process.stderr.write(`error: ${text}\n`)
  if (process.env.GITHUB_ACTIONS !== 'true') return
  const escaped = text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
  process.stderr.write(`::error title=contention::${escaped}\n`)
}
process.once('exit', (code) => {
  if (!waiting || code !== 0) return
  say(why)
  process.exitCode = 2
})
process.once('uncaughtException', (error) => {
  const found = error instanceof Error ? error.message : String(error)
  say(`something that the configuration, or a file that it or the command names, has left failed by itself: ${found}`)
  process.exit(2)
})
import('../dist/main.js')
  .then(({ main }) => main(process.argv.slice(2)))
  .catch((error) => {
    // Nothing that a command has foreseen: a file of the package is missing, or no more files may be opened.
    say(error instanceof Error ? error.message : String(error))
    return 2
  })
  .then((code) => {
    process.exitCode = code
    waiting = false
    // What a file that was loaded has left to go on, as a timer, is not waited for; what was printed is.
    process.stdout.write('', () => process.stderr.write('', () => process.exit()))
  })
