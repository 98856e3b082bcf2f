namespace FeatureActors.Hocon.Syntax;

/// <summary>Reading or resolving cannot go on; the reason already stands in the list of errors. Never leaves the project.</summary>
internal sealed class SyntaxAbortException : Exception;
