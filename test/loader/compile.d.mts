/** Compiles what changed of src and test, and writes what is not the same already. */
export declare function compile(): Promise<void>;
