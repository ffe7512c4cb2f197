/**
 * JSON in which values that JSON cannot say travel as tagged objects, for example `{"$type":"Date","value":"..."}`. The codec is in
 * `model/codec.ts`; everything between runners only carries this form and never needs to decode it.
 */
export type TaggedJson = null | boolean | number | string | readonly TaggedJson[] | { readonly [key: string]: TaggedJson };
