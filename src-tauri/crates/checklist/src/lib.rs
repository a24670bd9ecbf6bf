//! The checklists of CIPP's two founding documents, and what was ticked.
