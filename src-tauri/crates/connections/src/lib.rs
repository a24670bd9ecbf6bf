//! Where connections and their secrets rest: a file without secrets and the operating system's keychain.
