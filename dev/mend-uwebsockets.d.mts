export function mendUWebSockets(options?: { root?: string; node?: string }): 'absent' | 'loads' | 'mended'
export function mendFile(binary: string, whyNot: (path: string) => string | null): 'loads' | 'mended'
export function mendElf(original: Buffer): Buffer
