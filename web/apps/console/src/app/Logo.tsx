/** The sign of Timeloom: threads of time through a warp. */
export function Logo({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" role="img" aria-label="Timeloom">
      <rect width="32" height="32" rx="7" fill="#7a3e12" />
      <g fill="none" strokeWidth="2.6" strokeLinecap="round">
        <path d="M9 7v18M16 7v18M23 7v18" stroke="#f6e7da" />
        <path d="M5 12c3-3 5-3 8 0s5 3 8 0 4-2 6-1.6M5 20c3 3 5 3 8 0s5-3 8 0 4 2 6 1.6" stroke="#f0a66e" />
      </g>
    </svg>
  );
}
