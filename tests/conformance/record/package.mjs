// The pinned package as it is, for the programs beside the recorder that run it in real time.
export { createClerkClient } from '@clerk/backend';
