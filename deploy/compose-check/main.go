// Reads docker-compose.yml with the loader that Docker Compose itself uses, and prints what comes of it as JSON: services
// with their commands, environments, health checks and ports, anchors and variables resolved. Any fault is told, with code 1.
// What the facts must be is for deploy/compose.test.ts to say.
//
//	compose-check -env-file FILE [-profile NAME]... docker-compose.yml...
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/compose-spec/compose-go/v2/cli"
)

func main() {
	var profiles []string
	envFile := flag.String("env-file", ".env", "what ${...} in the file is read from")
	flag.Func("profile", "a profile to switch on", func(name string) error {
		profiles = append(profiles, name)
		return nil
	})
	flag.Parse()
	if err := run(*envFile, profiles, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(envFile string, profiles, files []string) error {
	if len(files) == 0 {
		return fmt.Errorf("name a compose file")
	}
	// No WithOsEnv: what it says must not depend on this machine.
	options, err := cli.NewProjectOptions(files,
		cli.WithWorkingDirectory(filepath.Dir(files[0])),
		cli.WithEnvFiles(envFile),
		cli.WithDotEnv,
		cli.WithDefaultProfiles(profiles...),
	)
	if err != nil {
		return err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return err
	}
	text, err := project.MarshalJSON()
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(append(text, '\n'))
	return err
}
