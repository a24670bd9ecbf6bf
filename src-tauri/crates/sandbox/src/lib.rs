//! Entra and CIPP, imitated from the facts, never from our client.
