using FeatureActors.Node.Commands;

using CommandHost host = CommandHost.OfProcess();
return await CommandLine.RunAsync(args, host).ConfigureAwait(false);
