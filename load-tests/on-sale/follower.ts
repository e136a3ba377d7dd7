/**
 * Whether one fan's frames are whole: subscribe, fetch, then every frame follows the one before. Reads only heads, for k6's
 * JavaScript is slow. Pure.
 */
import { DIFF_FRAME, SNAPSHOT_FRAME } from '../../shared/wire/seat-frames.ts'

export interface FrameHead {
  handle: number
  epoch: number
  seqFrom: number
  seq: number
  /** Server's clock at the oldest change, ms mod 2^32. */
  ms: number
}

const HEAD_BYTES = 20

export function diffHead(frame: Uint8Array): FrameHead | undefined {
  if (frame.length < HEAD_BYTES || frame[0] !== DIFF_FRAME) return undefined
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  return {
    handle: view.getUint16(2, true),
    epoch: view.getUint32(4, true),
    seqFrom: view.getUint32(8, true),
    seq: view.getUint32(12, true),
    ms: view.getUint32(16, true),
  }
}

export function snapshotHead(frame: Uint8Array): { epoch: number; seq: number } | undefined {
  if (frame.length < HEAD_BYTES || frame[0] !== SNAPSHOT_FRAME) return undefined
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  return { epoch: view.getUint32(4, true), seq: view.getUint32(8, true) }
}

export class Follower {
  #handle: number | undefined
  #have: { epoch: number; seq: number } | undefined
  #early: FrameHead[] = []

  watching(handle: number): void {
    this.#handle = handle
    this.#have = undefined
    this.#early = []
  }

  hears(handle: number): boolean {
    return handle === this.#handle
  }

  /** `gap`: fetch the snapshot (again). */
  snapshot(have: { epoch: number; seq: number }): 'whole' | 'gap' {
    this.#have = have
    const early = this.#early
    this.#early = []
    return early.map(head => this.frame(head)).includes('gap') ? 'gap' : 'whole'
  }

  frame(head: FrameHead): 'whole' | 'gap' {
    const have = this.#have
    if (have === undefined) {
      this.#early.push(head)
      return 'whole'
    }
    if (head.epoch < have.epoch) return 'whole'
    if (head.epoch > have.epoch || head.seqFrom > have.seq + 1) {
      // Until the snapshot comes, what follows is early again.
      this.#have = undefined
      this.#early = [head]
      return 'gap'
    }
    have.seq = Math.max(have.seq, head.seq)
    return 'whole'
  }
}
