import type { Subject } from '../../src/subject/index.js'
import n1 from './n1-waits-a-full-ttl.js'
import n2 from './n2-gives-up-early.js'
import n3 from './n3-lock-delay.js'
import n4 from './n4-spurious-loss.js'
import n5 from './n5-redelivers-and-deduplicates.js'
import n6 from './n6-fresh-epoch-after-restart.js'
import n7 from './n7-many-processes-on-one-store.js'
import n8 from './n8-one-at-a-time.js'
import n9 from './n9-skips-locked.js'
import n10 from './n10-a-library-on-each-node.js'
import p01 from './p01-resource-ignores-token.js'
import p02 from './p02-takeover-deletes-by-key.js'
import p03 from './p03-release-ignores-owner.js'
import p04 from './p04-renew-recreates.js'
import p05 from './p05-acquire-reads-then-sets.js'
import p06 from './p06-ttl-set-after.js'
import p07 from './p07-holds-at-expiry.js'
import p08 from './p08-claimants-clock.js'
import p09 from './p09-counts-from-reply.js'
import p10 from './p10-epoch-deleted.js'
import p11 from './p11-fence-in-memory.js'
import p12 from './p12-takeover-keeps-epoch.js'
import p13 from './p13-renewal-failure-ignored.js'
import p14 from './p14-orphan-waiter.js'
import p15 from './p15-wakes-on-release-only.js'
import p16 from './p16-retry-without-cap.js'
import p17 from './p17-attempts-counted-on-failure.js'
import p18 from './p18-expired-work-first.js'
import p19 from './p19-checkpoint-at-delivered.js'
import p20 from './p20-checkpoint-not-fenced.js'
import p21 from './p21-replays-one-too-many.js'
import p22 from './p22-truncates-before-durable.js'
import p23 from './p23-acknowledges-before-durable.js'
import p24 from './p24-complete-ignores-token.js'
import x01 from './x01-token-not-compared.js'
import x02 from './x02-no-memory-of-requests.js'
import x03 from './x03-log-forks.js'
import x04 from './x04-validates-what-lapsed.js'
import x05 from './x05-keeps-its-latest-events.js'
import x06 from './x06-valid-from-memory.js'
import x07 from './x07-clock-is-exact.js'
import x08 from './x08-checkpoint-goes-back.js'
import x09 from './x09-own-lease-claimed.js'
import x10 from './x10-copy-told-otherwise.js'
import x11 from './x11-log-closed-by-restart.js'
import x12 from './x12-renewal-of-anothers-lease.js'
import x13 from './x13-asking-again-goes-behind.js'
import x14 from './x14-claim-at-any-epoch.js'
import x15 from './x15-write-after-expiry.js'
import x16 from './x16-complete-after-expiry.js'
import x17 from './x17-acquire-decides-by-what-it-read.js'
import x18 from './x18-release-compares-then-deletes.js'
import x19 from './x19-fence-checked-before-the-write.js'
import x20 from './x20-ttl-in-a-second-step.js'
import x21 from './x21-epoch-counted-apart.js'
import x22 from './x22-queue-written-as-it-was-read.js'
import x23 from './x23-writes-after-a-look-at-its-clock.js'
import x24 from './x24-lock-in-the-memory-of-a-node.js'
import x25 from './x25-requests-counted-in-memory.js'
import x26 from './x26-appends-again-without-an-answer.js'
import x27 from './x27-keeps-a-failed-start.js'

type Entry = readonly [id: string, subject: Subject]

/** Broken lease cores: `p` after published failures, `x` of our own. */
export const mutants: readonly Entry[] = [
  ['p01', p01],
  ['p02', p02],
  ['p03', p03],
  ['p04', p04],
  ['p05', p05],
  ['p06', p06],
  ['p07', p07],
  ['p08', p08],
  ['p09', p09],
  ['p10', p10],
  ['p11', p11],
  ['p12', p12],
  ['p13', p13],
  ['p14', p14],
  ['p15', p15],
  ['p16', p16],
  ['p17', p17],
  ['p18', p18],
  ['p19', p19],
  ['p20', p20],
  ['p21', p21],
  ['p22', p22],
  ['p23', p23],
  ['p24', p24],
  ['x01', x01],
  ['x02', x02],
  ['x03', x03],
  ['x04', x04],
  ['x05', x05],
  ['x06', x06],
  ['x07', x07],
  ['x08', x08],
  ['x09', x09],
  ['x10', x10],
  ['x11', x11],
  ['x12', x12],
  ['x13', x13],
  ['x14', x14],
  ['x15', x15],
  ['x16', x16],
  ['x17', x17],
  ['x18', x18],
  ['x19', x19],
  ['x20', x20],
  ['x21', x21],
  ['x22', x22],
  ['x23', x23],
  ['x24', x24],
  ['x25', x25],
  ['x26', x26],
  ['x27', x27],
]

/** Correct designs that look odd. */
export const controls: readonly Entry[] = [
  ['n1', n1],
  ['n2', n2],
  ['n3', n3],
  ['n4', n4],
  ['n5', n5],
  ['n6', n6],
  ['n7', n7],
  ['n8', n8],
  ['n9', n9],
  ['n10', n10],
]
