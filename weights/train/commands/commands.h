/* The commands of `digit`. Each takes its own arguments (argv[0] is its name) and returns the exit status: 0 success, 1
 * failure or partial failure, 2 wrong usage, 3 nothing to do (learn), 130 stopped by a signal. */
#ifndef DIGITD_WEIGHTS_COMMANDS_H
#define DIGITD_WEIGHTS_COMMANDS_H

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NOTHING = 3, EXIT_STOPPED = 130 };

int command_train(int argc, char **argv);
int command_evaluate(int argc, char **argv);
int command_classify(int argc, char **argv);
int command_calibrate(int argc, char **argv);
int command_fit_numbers(int argc, char **argv);
int command_read(int argc, char **argv);
int command_join(int argc, char **argv);
int command_learn(int argc, char **argv);

#endif
